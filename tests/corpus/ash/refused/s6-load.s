# RESERVED 8
# Memory may hold anything.
	lw	$22,0($sp)
	EXIT
