# RESERVED 8
# Any word of the region.
	ins	$31,$4,2,6
	EXIT
