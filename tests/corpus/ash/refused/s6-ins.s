# RESERVED 8
# The frame does not move.
	ins	$22,$4,0,11
	EXIT
