# TRAP 8
# Not for handlers.
	tnei	$4,1
	EXIT
