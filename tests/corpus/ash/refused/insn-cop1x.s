# PRIVILEGED 8
# Not for handlers.
	.word	0x4c000000
	EXIT
