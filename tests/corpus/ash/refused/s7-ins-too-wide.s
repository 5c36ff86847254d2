# RESERVED 8
# Into the upper half of the slot.
	ins	$23,$4,0,12
	EXIT
