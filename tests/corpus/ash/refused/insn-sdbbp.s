# PRIVILEGED 8
# Not for handlers.
	sdbbp
	EXIT
