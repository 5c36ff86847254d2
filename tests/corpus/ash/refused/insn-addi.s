# TRAP 8
# Not for handlers.
	addi	$2,$4,1
	EXIT
