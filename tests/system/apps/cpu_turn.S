/*
 * cpu_turn.S - slices given up at their start, to another who does the same.
 *
 * The page of the area, at 0x1000, holds behind the area: how often a slice has
 * started, to whom it goes, and what was found in registers that must be clear.
 */
#define SLICE_BUSY 0x1304
#define STARTS     0x1800
#define YIELD      0x1804 /* $v0 of the yield */
#define LEAK       0x1808

	.set	noat
	.set	noreorder
	.text

	.globl	turn_start
	.ent	turn_start
turn_start:
	/* But $k0, which every refill changes. */
	.irp	n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,27,28,29,30,31
	or	$1, $1, $\n
	.endr
	mfhi	$v0
	or	$1, $1, $v0
	mflo	$v0
	or	$1, $1, $v0
	lw	$v0, LEAK($zero)
	or	$1, $1, $v0
	sw	$1, LEAK($zero)
	lw	$v0, STARTS($zero)
	addiu	$v0, $v0, 1
	sw	$v0, STARTS($zero)
	sw	$zero, SLICE_BUSY($zero)
	/* What the other one must not see. */
	.irp	n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
	li	$\n, 0x5ec00 + \n
	.endr
	mthi	$t0
	mtlo	$t1
	lw	$v0, YIELD($zero)
	syscall
	b	turn_end		/* the other one is no more */
	nop				/* delay slot */
	.end	turn_start

	.globl	turn_end
	.ent	turn_end
turn_end:
	li	$v0, 3			/* SP_CALL_yield */
	move	$a0, $zero
	syscall
	break
	.end	turn_end

/* A callee that does nothing. */
	.globl	turn_serve
	.ent	turn_serve
turn_serve:
	lui	$v0, 0xc000		/* SP_PCT(SP_PCT_RETURN, 0) */
	syscall
	break
	.end	turn_serve

/* int32_t turn_ask(v0): what a request returns.  A call's message is whatever is
 * in the registers; what a callee leaves in $s0-$s7 is what was there. */
	.globl	turn_ask
	.ent	turn_ask
turn_ask:
	move	$v0, $a0
	syscall
	jr	$ra
	nop				/* delay slot */
	.end	turn_ask
