# RESERVED 8
# Half a load.
	lwl	$24,3($sp)
	EXIT
