# FORBIDDEN_REG 8
# One bit a time.
	bltz	$26,1f
	nop
1:
	EXIT
