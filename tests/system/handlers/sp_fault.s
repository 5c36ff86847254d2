# sp_fault.s - a stack pointer that is no word's address.
	ori	$2,$0,3
	ins	$sp,$2,0,12
	sw	$2,0($sp)
	EXIT
