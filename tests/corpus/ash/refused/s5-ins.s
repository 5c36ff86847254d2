# RESERVED 8
# Not the one legal form of writing it.
	ins	$21,$4,0,31
	EXIT
