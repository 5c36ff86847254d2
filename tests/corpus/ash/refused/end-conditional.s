# FALLOFF 9
# When it is not taken.
	beq	$4,$0,__ash_exit
	nop
