# UNDERPAID 8
# The service costs 120.
1:
	PAY	120
	nop
	nop
	nop
	nop
	jal	ash_wake
	nop
	b	1b
	nop
