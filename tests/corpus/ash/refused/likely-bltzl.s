# LIKELY 8
# An untaken branch-likely annuls its slot.
	bltzl	$4,1f
	nop
1:
	EXIT
