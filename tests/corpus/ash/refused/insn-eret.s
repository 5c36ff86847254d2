# PRIVILEGED 8
# Not for handlers.
	eret
	EXIT
