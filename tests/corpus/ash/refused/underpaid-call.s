# UNDERPAID 8
# What is called counts.
1:
	PAY	11
	nop
	nop
	nop
	nop
	jal	2f
	nop
	b	1b
	nop
	nop
	nop
2:
	nop
	nop
	nop
	nop
	PAY	100
	nop
	jr	$31
	nop
