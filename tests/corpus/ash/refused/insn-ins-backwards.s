# ENCODING 8
# Not in the table.
	.word	0x7c821104
	EXIT
