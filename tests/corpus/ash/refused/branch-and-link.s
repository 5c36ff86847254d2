# INDIRECT 10
# A conditional call.
	nop
	nop
	bgezal	$4,1f
	nop
1:
	EXIT
