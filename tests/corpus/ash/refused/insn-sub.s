# TRAP 8
# Not for handlers.
	sub	$2,$4,$5
	EXIT
