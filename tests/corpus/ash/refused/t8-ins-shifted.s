# RESERVED 8
# Bit 12 belongs to the region.
	ins	$24,$4,1,12
	EXIT
