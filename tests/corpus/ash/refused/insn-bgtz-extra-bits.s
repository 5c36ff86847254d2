# ENCODING 8
# Not in the table.
	.word	0x1c850001
	EXIT
