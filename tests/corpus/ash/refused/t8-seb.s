# RESERVED 8
# Not the one legal form of writing it.
	seb	$24,$4
	EXIT
