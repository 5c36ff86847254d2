# PRIVILEGED 8
# Not for handlers.
	mtc0	$2,$12
	EXIT
