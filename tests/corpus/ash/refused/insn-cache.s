# PRIVILEGED 8
# Not for handlers.
	cache	0,0($24)
	EXIT
