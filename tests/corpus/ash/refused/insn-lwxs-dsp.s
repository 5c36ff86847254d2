# ENCODING 8
# Not in the table.
	.word	0x7c44100a
	EXIT
