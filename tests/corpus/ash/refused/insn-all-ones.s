# ENCODING 8
# Not in the table.
	.word	0xffffffff
	EXIT
