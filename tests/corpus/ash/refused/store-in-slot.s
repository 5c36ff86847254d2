# ADDRESS 9
# A slot is executed too.
	beq	$4,$0,1f
	sb	$2,0($4)
1:
	EXIT
