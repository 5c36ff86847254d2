# PRIVILEGED 8
# Not for handlers.
	.word	0x41401000
	EXIT
