# ENCODING 8
# Not in the table.
	.word	0x041e0001
	EXIT
