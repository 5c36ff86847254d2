# MIDDLE 12
# Lands on the slot of the check.
	PAY	20
	nop
	nop
	b	ash_main+8
	nop
