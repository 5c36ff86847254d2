# RESERVED 8
# Not the one legal form of writing it.
	ins	$24,$4,0,32
	EXIT
