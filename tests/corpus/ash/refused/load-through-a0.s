# ADDRESS 8
# Reading is spying.
	lbu	$2,0($4)
	EXIT
