# OFFSET 8
# The next slot.
	lw	$2,4094($22)
	EXIT
