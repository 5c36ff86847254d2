# ENCODING 8
# Not in the table.
	.word	0x008510a1
	EXIT
