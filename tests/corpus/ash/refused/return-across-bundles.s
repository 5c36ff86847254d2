# UNPAID 12
# The return is a bundle start of its own.
	nop
	PAY	20
	nop
	jr	$31
	nop
