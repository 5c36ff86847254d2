# FALLOFF 10
# It would return into the filling.
	nop
	nop
	jal	ash_wake
	nop
