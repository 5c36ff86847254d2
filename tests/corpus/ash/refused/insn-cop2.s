# PRIVILEGED 8
# Not for handlers.
	.word	0x48000000
	EXIT
