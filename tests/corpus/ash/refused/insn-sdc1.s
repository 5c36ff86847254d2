# ENCODING 8
# Not in the table.
	.word	0xf7000000
	EXIT
