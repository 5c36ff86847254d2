# UNPAID 9
# Forever.
1:
	nop
	b	1b
	nop
