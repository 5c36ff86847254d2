# RESERVED 8
# Arithmetic moves it anywhere.
	addu	$sp,$4,$5
	EXIT
