# FALLOFF 9
# Into the filling.
	nop
	addu	$2,$4,$5
