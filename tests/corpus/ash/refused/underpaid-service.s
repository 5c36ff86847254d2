# UNDERPAID 8
# The service costs 40.
1:
	PAY	40
	nop
	nop
	nop
	nop
	jal	ash_wake
	nop
	b	1b
	nop
