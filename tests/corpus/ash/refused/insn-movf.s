# ENCODING 8
# Not in the table.
	.word	0x00801001
	EXIT
