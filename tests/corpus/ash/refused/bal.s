# INDIRECT 10
# bal is bgezal $0.
	nop
	nop
	bal	1f
	nop
1:
	EXIT
