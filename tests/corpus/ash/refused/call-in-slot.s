# DELAY 10
# What happens is undefined.
	nop
	.word	0x10800002
	.word	0x0c000000
	nop
	EXIT
