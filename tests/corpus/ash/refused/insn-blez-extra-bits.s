# ENCODING 8
# Not in the table.
	.word	0x18850001
	EXIT
