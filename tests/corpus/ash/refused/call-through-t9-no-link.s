# INDIRECT 10
# jalr may write any register.
	nop
	nop
	jalr	$24,$25
	nop
	EXIT
