# RESERVED 8
# The usual epilogue with a frame pointer.
	move	$sp,$fp
	EXIT
