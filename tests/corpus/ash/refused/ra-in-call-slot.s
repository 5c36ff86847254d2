# RESERVED 11
# A service would return to where it was not paid for: L calls, forever.
L:
	nop
	nop
	jal	ash_clock
	ins	$31,$4,4,4
	EXIT
