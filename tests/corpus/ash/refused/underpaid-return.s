# UNDERPAID 20
# A return may land where 12 are to go: 17 in all.
	nop
	nop
	nop
	nop
	nop
	nop
	nop
	nop
	nop
	nop
	nop
	nop
	PAY	16
	nop
	jr	$31
	nop
