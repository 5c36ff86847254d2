# RESERVED 8
# Arithmetic moves it anywhere.
	addu	$22,$4,$5
	EXIT
