# FORBIDDEN_REG 8
# Compile with -G0.
	addiu	$28,$28,4
	EXIT
