# RESERVED 8
# Any byte of the region.
	ins	$31,$4,0,8
	EXIT
