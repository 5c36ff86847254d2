# LIKELY 8
# An untaken branch-likely annuls its slot.
	beql	$4,$5,1f
	nop
1:
	EXIT
