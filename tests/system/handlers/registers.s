# registers.s - what a handler can learn from its registers, and what services take.
#
# State: 0, 4, 8: all registers that must hold nothing, or-ed: at entry, after
# ash_wake, after ash_clock; 12, 16: the clock's steps for nothing and for a wake.
	.macro	OR_ALL first
	.irp	n, \first,3,6,7,8,9,10,11,12,13,14,15,25
	or	$1,$1,$\n
	.endr
	mfhi	$3
	or	$1,$1,$3
	mflo	$3
	or	$1,$1,$3
	.endm

	OR_ALL	2
	.irp	n, 16,17,18,19,20,30
	or	$1,$1,$\n
	.endr
	sw	$1,0($24)
	.p2align 4
	nop
	nop
	jal	ash_wake
	nop
	or	$1,$1,$4
	or	$1,$1,$5
	OR_ALL	2
	sw	$1,4($24)
	.p2align 4
	nop
	nop
	jal	ash_clock
	nop
	or	$1,$1,$4
	or	$1,$1,$5
	OR_ALL	1
	sw	$1,8($24)
	.p2align 4
	nop
	nop
	jal	ash_clock
	nop
	move	$16,$2
	nop
	jal	ash_clock
	nop
	subu	$17,$2,$16
	move	$16,$2
	jal	ash_wake
	nop
	nop
	nop
	jal	ash_clock
	nop
	subu	$3,$2,$16
	sw	$3,16($24)
	sw	$17,12($24)
	lui	$2,1
	EXIT
