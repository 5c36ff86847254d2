# LIKELY 8
# An untaken branch-likely annuls its slot.
	blezl	$4,1f
	nop
1:
	EXIT
