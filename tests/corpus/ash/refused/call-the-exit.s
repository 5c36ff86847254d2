# TARGET 10
# The exit is no function.
	nop
	nop
	jal	__ash_exit
	nop
	EXIT
