# PRIVILEGED 8
# Not for handlers.
	sync
	EXIT
