# PRIVILEGED 8
# Not for handlers.
	di
	EXIT
