# TRAP 8
# Not for handlers.
	teq	$4,$0
	EXIT
