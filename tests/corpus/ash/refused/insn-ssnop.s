# ENCODING 8
# Not in the table.
	.word	0x00000040
	EXIT
