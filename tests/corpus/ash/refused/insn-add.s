# TRAP 8
# Not for handlers.
	add	$2,$4,$5
	EXIT
