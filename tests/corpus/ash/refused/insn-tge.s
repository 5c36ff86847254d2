# TRAP 8
# Not for handlers.
	tge	$4,$5
	EXIT
