# RESERVED 8
# A conditional move is a move.
	movn	$24,$4,$5
	EXIT
