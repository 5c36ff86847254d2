# DELAY 11
# Of the payment itself.
	nop
	PAY	20
	.word	0x03e00008
	nop
