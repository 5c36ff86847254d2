# MIDDLE 12
# Lands on the check, behind the cost.
	PAY	20
	nop
	nop
	b	ash_main+4
	nop
