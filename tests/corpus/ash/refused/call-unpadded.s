# ALIGN 8
# Would return to the middle of a bundle.
	jal	ash_wake
	nop
	EXIT
