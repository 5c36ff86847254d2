# LIKELY 8
# An untaken branch-likely annuls its slot.
	bltzall	$4,1f
	nop
1:
	EXIT
