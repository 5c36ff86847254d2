# FALLOFF 11
# The filling is no code.
	PAY	20
	nop
	jr	$31
