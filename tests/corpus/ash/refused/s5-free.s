# RESERVED 8
# A cost of nothing.
	addiu	$21,$21,0
	bltz	$21,__ash_abort
	nop
	EXIT
