# RESERVED 8
# Arithmetic moves it anywhere.
	addu	$31,$4,$5
	EXIT
