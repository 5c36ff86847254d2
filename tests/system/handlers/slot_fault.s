# slot_fault.s - a load that cannot be, in the slot of a call of a service.
	nop
	nop
	jal	ash_clock
	lw	$2,1($24)
	EXIT
