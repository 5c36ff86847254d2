# RESERVED 8
# Arithmetic moves it anywhere.
	addu	$21,$4,$5
	EXIT
