# ENCODING 8
# Not in the table.
	.word	0x000000c0
	EXIT
