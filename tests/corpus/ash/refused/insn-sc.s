# ENCODING 8
# Not in the table.
	.word	0xe3020000
	EXIT
