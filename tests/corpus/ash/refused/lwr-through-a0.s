# ADDRESS 8
# Half a load.
	lwr	$2,0($4)
	EXIT
