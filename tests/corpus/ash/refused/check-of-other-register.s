# UNPAID 8
# Not the one form of a payment.
	addiu	$21,$21,-20
	bltz	$20,__ash_abort
	nop
	EXIT
