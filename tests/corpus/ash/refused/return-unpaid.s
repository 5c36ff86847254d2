# UNPAID 11
# $ra may lie behind us.
	nop
	nop
	nop
	jr	$31
	nop
