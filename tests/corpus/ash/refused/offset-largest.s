# OFFSET 8
# Beyond the dead zone.
	lb	$2,32767($24)
	EXIT
