# RESERVED 8
# -32768: two of them wrap around to money.
	addiu	$21,$21,-32768
	bltz	$21,__ash_abort
	nop
	EXIT
