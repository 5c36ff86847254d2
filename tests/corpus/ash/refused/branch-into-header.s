# TARGET 8
# The slot of the exit bundle.
	beq	$4,$0,.-28
	nop
	EXIT
