# PRIVILEGED 8
# Not for handlers.
	.word	0x45010001
	EXIT
