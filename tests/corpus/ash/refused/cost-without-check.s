# UNPAID 8
# Debts that nobody collects.
	addiu	$21,$21,-20
	nop
	EXIT
