# PRIVILEGED 8
# Not for handlers.
	rdhwr	$3,$29
	EXIT
