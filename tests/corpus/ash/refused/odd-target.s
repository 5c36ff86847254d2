# RESERVED 8
# Bit 0 of $ra would enter MIPS16.
	ori	$31,$31,1
	nop
	nop
	nop
	PAY	20
	nop
	jr	$31
	nop
