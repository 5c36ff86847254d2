# UNPAID 15
# An indirect jump may land between payment and return.
	PAY	20
	nop
	nop
	nop
	nop
	nop
	jr	$31
	nop
