# UNPAID 9
# j is a jump too.
1:
	nop
	j	1b
	nop
