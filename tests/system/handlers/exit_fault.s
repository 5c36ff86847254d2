# exit_fault.s - a load that cannot be, in the slot of the way out.
	j	__ash_exit
	lw	$2,1($24)
