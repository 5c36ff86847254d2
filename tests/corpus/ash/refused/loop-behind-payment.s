# UNPAID 12
# The payment is outside of the loop.
	PAY	20
	nop
1:
	nop
	b	1b
	nop
