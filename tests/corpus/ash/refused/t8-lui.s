# RESERVED 8
# Another region.
	lui	$24,0x8000
	EXIT
