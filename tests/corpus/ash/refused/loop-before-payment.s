# UNPAID 12
# Lands before the payment: a payment must stand where it lands.
1:
	nop
	PAY	20
	nop
	b	1b
	nop
