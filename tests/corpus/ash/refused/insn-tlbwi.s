# PRIVILEGED 8
# Not for handlers.
	tlbwi
	EXIT
