# MIDDLE 8
# Past the cost.
	beq	$4,$0,ash_main+20
	nop
	nop
	nop
	PAY	30
	nop
	jr	$31
	nop
