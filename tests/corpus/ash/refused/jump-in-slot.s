# DELAY 9
# What happens is undefined.
	.word	0x10800002
	j	__ash_exit
	nop
	EXIT
