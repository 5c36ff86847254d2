# TARGET 8
# Behind the last instruction is only break.
	beq	$4,$0,.+400
	nop
	EXIT
