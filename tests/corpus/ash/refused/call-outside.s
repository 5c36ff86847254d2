# IMPORT 10
# The kernel is full of functions.
	nop
	nop
	jal	ash_main+0x10000
	nop
	EXIT
