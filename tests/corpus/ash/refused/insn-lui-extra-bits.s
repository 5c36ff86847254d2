# ENCODING 8
# Not in the table.
	.word	0x3c821234
	EXIT
