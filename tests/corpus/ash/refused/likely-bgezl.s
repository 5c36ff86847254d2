# LIKELY 8
# An untaken branch-likely annuls its slot.
	bgezl	$4,1f
	nop
1:
	EXIT
