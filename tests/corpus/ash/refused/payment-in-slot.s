# RESERVED 9
# Its check is somewhere else.
	beq	$4,$0,1f
	addiu	$21,$21,-20
	bltz	$21,__ash_abort
	nop
1:
	EXIT
