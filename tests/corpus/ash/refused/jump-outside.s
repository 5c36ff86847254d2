# TARGET 8
# Another region.
	j	ash_main+0x10000
	nop
