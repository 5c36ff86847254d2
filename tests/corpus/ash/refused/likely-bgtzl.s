# LIKELY 8
# An untaken branch-likely annuls its slot.
	bgtzl	$4,1f
	nop
1:
	EXIT
