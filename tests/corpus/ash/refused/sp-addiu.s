# RESERVED 8
# The usual prologue, unguarded.
	addiu	$sp,$sp,-32
	EXIT
