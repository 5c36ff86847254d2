# RESERVED 8
# Memory may hold anything.
	lw	$sp,0($sp)
	EXIT
