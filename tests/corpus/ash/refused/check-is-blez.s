# UNPAID 8
# The one form, to keep this short.
	addiu	$21,$21,-20
	blez	$21,__ash_abort
	nop
	EXIT
