# FORBIDDEN_REG 8
# The kernel uses it.
	mult	$26,$4
	EXIT
