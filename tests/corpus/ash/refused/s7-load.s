# RESERVED 8
# Memory may hold anything.
	lw	$23,0($sp)
	EXIT
