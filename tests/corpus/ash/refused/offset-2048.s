# OFFSET 8
# Only 2047 fits the dead zone.
	lw	$2,2048($24)
	EXIT
