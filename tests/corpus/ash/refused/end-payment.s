# FALLOFF 10
# The check is a branch like others.
	PAY	10
	nop
