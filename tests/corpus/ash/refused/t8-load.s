# RESERVED 8
# Memory may hold anything.
	lw	$24,0($sp)
	EXIT
