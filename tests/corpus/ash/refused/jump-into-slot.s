# MIDDLE 8
# A slot belongs to its jump.
	beq	$4,$0,1f
	nop
	b	2f
1:
	nop
2:
	EXIT
