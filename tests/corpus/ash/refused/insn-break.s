# PRIVILEGED 8
# Not for handlers.
	break
	EXIT
