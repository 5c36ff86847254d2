# ADDRESS 8
# Not guarded.
	sw	$2,0($0)
	EXIT
