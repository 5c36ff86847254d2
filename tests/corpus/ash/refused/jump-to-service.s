# TARGET 8
# A service returns through $ra, which may lie behind us.
	j	ash_wake
	nop
