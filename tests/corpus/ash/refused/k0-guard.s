# FORBIDDEN_REG 8
# The kernel uses it.
	ins	$24,$26,0,12
	EXIT
