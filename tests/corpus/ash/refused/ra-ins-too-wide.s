# RESERVED 8
# One bit beyond the region.
	ins	$31,$4,4,5
	EXIT
