# OFFSET 8
# Beyond the dead zone.
	sw	$2,2048($23)
	EXIT
