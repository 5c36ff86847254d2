# FORBIDDEN_REG 8
# The kernel uses it.
	mthi	$26
	EXIT
