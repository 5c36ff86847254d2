# INDIRECT 11
# Nothing keeps $v0 in the code region.
	PAY	20
	nop
	jr	$2
	nop
