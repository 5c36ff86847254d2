# RESERVED 8
# NaCl's second hole, whole.
	move	$31,$4
	sw	$2,0($31)
	EXIT
