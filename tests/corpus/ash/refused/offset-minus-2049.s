# OFFSET 8
# Beyond the dead zone.
	sb	$2,-2049($sp)
	EXIT
