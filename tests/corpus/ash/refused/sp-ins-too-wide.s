# RESERVED 8
# Not the one legal form of writing it.
	ins	$sp,$4,0,13
	EXIT
