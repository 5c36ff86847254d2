# RESERVED 8
# ext writes all of its destination.
	ext	$24,$4,0,12
	EXIT
