# ADDRESS 8
# Not guarded.
	sw	$2,0($30)
	EXIT
