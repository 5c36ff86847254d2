# TARGET 8
# The slot of the abort bundle.
	j	ash_main-12
	nop
