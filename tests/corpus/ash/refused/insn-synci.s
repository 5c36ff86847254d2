# PRIVILEGED 8
# Not for handlers.
	synci	0($24)
	EXIT
