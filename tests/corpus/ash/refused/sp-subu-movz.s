# RESERVED 8
# Not the one legal form of writing it.
	movz	$sp,$4,$0
	EXIT
