# ENCODING 8
# Not in the table.
	.word	0x7c82f9c0
	EXIT
