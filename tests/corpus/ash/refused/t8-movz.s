# RESERVED 8
# A conditional move is a move.
	movz	$24,$4,$5
	EXIT
