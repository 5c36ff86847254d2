# PRIVILEGED 8
# Not for handlers.
	mfc0	$2,$12
	EXIT
