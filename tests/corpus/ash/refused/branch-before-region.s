# TARGET 8
# Before the code region.
	beq	$4,$0,.-400
	nop
	EXIT
