# OFFSET 8
# Beyond the dead zone.
	lb	$2,-32768($24)
	EXIT
