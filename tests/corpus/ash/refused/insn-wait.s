# PRIVILEGED 8
# Not for handlers.
	wait
	EXIT
