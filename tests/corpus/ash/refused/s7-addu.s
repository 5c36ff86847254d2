# RESERVED 8
# Arithmetic moves it anywhere.
	addu	$23,$4,$5
	EXIT
