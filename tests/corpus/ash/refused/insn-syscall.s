# PRIVILEGED 8
# Not for handlers.
	syscall
	EXIT
