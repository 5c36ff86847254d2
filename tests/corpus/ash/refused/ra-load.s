# RESERVED 8
# Memory may hold anything.
	lw	$31,0($sp)
	EXIT
