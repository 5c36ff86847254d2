# MIDDLE 8
# Past the payment.
	beq	$4,$0,1f
	nop
	nop
	nop
	PAY	30
	nop
1:
	jr	$31
	nop
