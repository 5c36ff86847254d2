# RESERVED 8
# HI may hold anything.
	mfhi	$24
	EXIT
