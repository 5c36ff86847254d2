# ADDRESS 8
# NaCl's second hole: $ra taken for an address.
	sw	$2,0($31)
	EXIT
