# RESERVED 8
# The bits that name the region.
	ins	$24,$4,12,20
	EXIT
