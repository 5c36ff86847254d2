# ENCODING 8
# Not in the table.
	.word	0x0085102d
	EXIT
