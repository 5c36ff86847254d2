# ENCODING 8
# Not in the table.
	.word	0xcb000000
	EXIT
