# PRIVILEGED 8
# Not for handlers.
	pref	0,0($24)
	EXIT
