# UNDERPAID 8
# 6 instructions for 5.
1:
	PAY	5
	nop
	nop
	b	1b
	nop
