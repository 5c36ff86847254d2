# ENCODING 8
# Not in the table.
	.word	0x03e00408
	EXIT
