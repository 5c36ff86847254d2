# FORBIDDEN_REG 8
# The kernel uses it.
	li	$27,1
	EXIT
