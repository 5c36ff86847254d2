# OK
# Everything that is just allowed: offsets, returns, calls, every register.
	lw	$2,2047($24)
	lb	$2,-2048($sp)
	sb	$2,2047($22)
	swl	$2,-2048($23)
	swr	$2,0($24)
	lwl	$3,3($sp)
	lwr	$3,0($sp)
	ins	$24,$30,0,12
	ins	$sp,$24,0,12
	ins	$23,$31,0,11
	move	$30,$22
	move	$25,$21
	addu	$2,$31,$sp
	beq	$4,$0,__ash_exit
	sltu	$2,$3,$4
	nop
	nop
	nop
	jal	ash_clock
	ins	$24,$4,0,12
	ins	$31,$2,4,4
	nop
	jal	1f
	nop
	j	__ash_exit
	nop
	nop
	nop
	PAY	100
	movn	$2,$3,$4
	jr	$31
	movz	$2,$3,$4
1:
	nop
	nop
	nop
	PAY	100
	ins	$31,$2,4,4
	jr	$31
	div	$0,$2,$3
