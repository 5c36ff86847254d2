# DELAY 9
# What happens is undefined.
	beq	$4,$0,1f
	beq	$5,$0,1f
	nop
1:
	EXIT
