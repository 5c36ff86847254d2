# FALLOFF 8
# The filling is no slot.
	j	__ash_exit
