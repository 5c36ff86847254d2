# ALIGN 11
# Would return to the middle of a bundle.
	nop
	nop
	nop
	jal	ash_wake
	nop
	EXIT
