# FORBIDDEN_REG 8
# Holds what the last exception left.
	move	$2,$26
	EXIT
