# UNPAID 8
# Forever, in one instruction.
1:
	b	1b
	nop
