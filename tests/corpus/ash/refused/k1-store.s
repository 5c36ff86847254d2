# FORBIDDEN_REG 8
# The kernel uses it.
	sw	$27,0($sp)
	EXIT
