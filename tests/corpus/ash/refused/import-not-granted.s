# IMPORT 10 granted 2
# Its stub exists, for others.
	nop
	nop
	jal	ash_wake
	nop
	EXIT
