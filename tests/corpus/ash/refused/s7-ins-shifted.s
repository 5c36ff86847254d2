# RESERVED 8
# Not the one legal form of writing it.
	ins	$23,$4,1,11
	EXIT
