# UNPAID 10
# A call backwards is a loop.
1:
	nop
	nop
	jal	1b
	nop
	EXIT
