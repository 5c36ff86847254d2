# RESERVED 8
# Arithmetic moves it anywhere.
	addu	$24,$4,$5
	EXIT
