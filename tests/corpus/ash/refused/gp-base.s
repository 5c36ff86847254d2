# FORBIDDEN_REG 8
# The kernel uses it.
	lw	$2,0($28)
	EXIT
