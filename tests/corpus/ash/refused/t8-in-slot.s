# RESERVED 9
# A slot is executed too.
	beq	$4,$0,1f
	move	$24,$5
1:
	EXIT
