# INDIRECT 10
# A conditional call.
	nop
	nop
	bltzal	$4,1f
	nop
1:
	EXIT
