# PRIVILEGED 9
# A break that can be reached is none of the filling.
	nop
	.word	0x0000000d
	EXIT
