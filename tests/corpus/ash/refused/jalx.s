# PRIVILEGED 10
# Changes to MIPS16.
	nop
	nop
	.word	0x74000000
	nop
	EXIT
