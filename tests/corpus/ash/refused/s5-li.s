# RESERVED 8
# Money from nowhere.
	li	$21,32767
	EXIT
