# RESERVED 8
# Memory may hold anything.
	lw	$21,0($sp)
	EXIT
