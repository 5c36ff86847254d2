# zone.s - what lies in the dead zones of its data?  Leaves a mark in both.
	lw	$2,-2048($24)
	ori	$3,$0,0xffc
	ins	$24,$3,0,12
	lw	$4,2044($24)
	lui	$5,0x5ec2
	sw	$5,2044($24)
	ins	$24,$0,0,12
	sw	$5,-2048($24)
	or	$2,$2,$4
	sw	$2,0($24)
	lui	$2,1
	EXIT
