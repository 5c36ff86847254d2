# RESERVED 8
# Not the one legal form of writing it.
	clz	$24,$4
	EXIT
