# leave.s - what lies behind a short frame?  Leaves a mark there, in a reply that
# is denied.
	lw	$2,998($22)
	lw	$3,0($24)
	or	$3,$3,$2
	sw	$3,0($24)
	lui	$2,0x5ec2
	sw	$2,998($22)
	lui	$2,2
	ori	$2,$2,1200
	EXIT
