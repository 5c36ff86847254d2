# RESERVED 8
# Not the one legal form of writing it.
	mul	$24,$4,$5
	EXIT
