# RESERVED 8
# One bit beyond the region.
	ins	$24,$4,0,13
	EXIT
