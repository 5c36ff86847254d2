# ENCODING 8
# Not in the table.
	.word	0x70850800
	EXIT
