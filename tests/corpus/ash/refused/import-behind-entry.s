# IMPORT 10
# The second instruction of the stub.
	nop
	nop
	jal	ash_wake+4
	nop
	EXIT
