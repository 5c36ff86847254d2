# LIKELY 8
# NaCl's first hole: the guard stands in a slot that is annulled.
	beql	$4,$5,1f
	ins	$24,$4,0,12
1:
	sw	$2,0($24)
	EXIT
