# INDIRECT 11
# $t8 points to data.
	PAY	20
	nop
	jr	$24
	nop
