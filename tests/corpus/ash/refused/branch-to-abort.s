# TARGET 8
# Only the check of a payment goes there.
	bltz	$21,__ash_abort
	nop
	EXIT
