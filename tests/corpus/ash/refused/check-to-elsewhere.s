# UNPAID 8
# Not the one form of a payment.
	addiu	$21,$21,-20
	bltz	$21,1f
	nop
1:
	EXIT
