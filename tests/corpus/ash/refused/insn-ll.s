# ENCODING 8
# Not in the table.
	.word	0xc3020000
	EXIT
