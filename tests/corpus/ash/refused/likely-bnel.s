# LIKELY 8
# An untaken branch-likely annuls its slot.
	bnel	$4,$5,1f
	nop
1:
	EXIT
