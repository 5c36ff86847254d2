# PRIVILEGED 8
# Not for handlers.
	.word	0x44820000
	EXIT
