# RESERVED 8
# A negative cost.
	addiu	$21,$21,100
	bltz	$21,__ash_abort
	nop
	EXIT
