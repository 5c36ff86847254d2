# ENCODING 8
# Not in the table.
	.word	0xc7000000
	EXIT
