# ENCODING 8
# Not in the table.
	.word	0x70851020
	EXIT
