# INDIRECT 10
# No function pointers.
	nop
	nop
	jalr	$25
	nop
	EXIT
