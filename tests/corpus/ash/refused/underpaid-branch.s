# UNDERPAID 8
# The longer way counts.
1:
	PAY	10
	nop
	beq	$4,$0,2f
	nop
	nop
	nop
	nop
	nop
	nop
2:
	b	1b
	nop
