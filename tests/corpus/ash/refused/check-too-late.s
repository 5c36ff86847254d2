# UNPAID 8
# Not the one form of a payment.
	addiu	$21,$21,-20
	nop
	bltz	$21,__ash_abort
	nop
	EXIT
