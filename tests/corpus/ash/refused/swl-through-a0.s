# ADDRESS 8
# Half a store.
	swl	$2,3($4)
	EXIT
