# RESERVED 8
# Not of itself.
	addiu	$21,$4,-10
	bltz	$21,__ash_abort
	nop
	EXIT
