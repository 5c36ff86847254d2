# UNPAID 9
# Until memory changes, which it may not.
1:
	lw	$2,0($24)
	beq	$2,$0,1b
	nop
	EXIT
