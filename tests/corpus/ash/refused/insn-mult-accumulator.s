# ENCODING 8
# Not in the table.
	.word	0x00850818
	EXIT
