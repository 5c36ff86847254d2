# TARGET 8
# The first break.
	beq	$4,$0,1f
	nop
	EXIT
1:
