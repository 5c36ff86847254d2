/*
 * pct.S - both ends of protected control transfers, every register watched.
 *
 * The message is the pattern of 0x4700, the reply that of 0x2900.
 */
	.include "tests/system/apps/pattern.inc"

#define MESSAGE 0x4700
#define REPLY   0x2900
#define RETURN  0xc000 /* SP_PCT(SP_PCT_RETURN, 0) >> 16 */

	.macro	EACH_MESSAGE what, base	/* but v0, k0 and k1 */
	.irp	n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
	\what	\n, \base
	.endr
	.endm
	.macro	CHECK_ZERO n, base=0
	bnez	$\n, 9f
	li	$k1, \n			/* delay slot */
	.endm
	.macro	WORD name
	.globl	\name
\name:	.space	4
	.endm

	.bss
	.align	2
sp_at:	.space	4
upcall_sp_at:
	.space	4
	WORD	pct_request
	WORD	pct_expect
	WORD	pct_result
	WORD	served			/* calls */
	WORD	served_bad		/* the first register that was wrong */
	WORD	served_id		/* whose call */
	WORD	served_mode
	WORD	served_spin
	WORD	served_wait
	WORD	served_done
	WORD	relay_request
	WORD	relay_result
	WORD	sent			/* the same for sends */
	WORD	sent_bad
	WORD	sent_id
	WORD	leak_k0
	WORD	turns			/* left */
	WORD	turn_request
	.text

/*
 * int pct_transfer(uint32_t request, uint32_t expect), and the same for upcalls: the
 * message goes; the
 * registers are then: 0 the message, 1 the reply, 2 nothing.  0 or the first
 * register that is not; $v0 is in pct_result.
 */
	.macro	TRANSFER name, sp_at
	.globl	\name, \name\()_at
\name:
	SAVE_C	\sp_at
	lui	$k1, %hi(pct_request)
	sw	$a0, %lo(pct_request)($k1)
	lui	$k1, %hi(pct_expect)
	sw	$a1, %lo(pct_expect)($k1)
	FILL_HILO MESSAGE
	EACH_MESSAGE FILL, MESSAGE
	lui	$k1, %hi(pct_request)
	lw	$v0, %lo(pct_request)($k1)
\name\()_at:
	syscall
	bnez	$k1, 9f
	li	$k1, 27			/* delay slot */
	lui	$k1, %hi(pct_result)
	sw	$v0, %lo(pct_result)($k1)
	lui	$k1, %hi(pct_expect)
	lw	$v0, %lo(pct_expect)($k1)
	beqz	$v0, 1f
	addiu	$v0, $v0, -1		/* delay slot */
	beqz	$v0, 2f
	nop				/* delay slot */
	EACH_MESSAGE CHECK_ZERO, 0
	mfhi	$v0
	bnez	$v0, 9f
	li	$k1, 32			/* delay slot */
	b	8f
	nop				/* delay slot */
2:	EACH_MESSAGE CHECK, REPLY
	CHECK_HILO REPLY
	b	8f
	nop				/* delay slot */
1:	EACH_MESSAGE CHECK, MESSAGE
	CHECK_HILO MESSAGE
8:	move	$k1, $zero
9:	move	$v0, $k1
	LOAD_C	\sp_at
	.endm

	TRANSFER pct_transfer, sp_at
	TRANSFER pct_upcall_transfer, upcall_sp_at

/* The entry of calls: looks at the message, does what served_mode says. */
	.globl	pct_serve
pct_serve:
	lui	$k1, %hi(served_id)
	sw	$v0, %lo(served_id)($k1)
	EACH_MESSAGE CHECK, MESSAGE
	CHECK_HILO MESSAGE
	move	$k1, $zero
9:	lui	$v0, %hi(served_bad)
	sw	$k1, %lo(served_bad)($v0)
	lui	$k1, %hi(served)
	lw	$v0, %lo(served)($k1)
	addiu	$v0, $v0, 1
	sw	$v0, %lo(served)($k1)
	lui	$k1, %hi(served_mode)
	lw	$v0, %lo(served_mode)($k1)
	beqz	$v0, reply
	addiu	$v0, $v0, -1		/* delay slot */
	beqz	$v0, fault
	addiu	$v0, $v0, -1		/* delay slot */
	beqz	$v0, forever
	addiu	$v0, $v0, -1		/* delay slot */
	beqz	$v0, spin
	addiu	$v0, $v0, -1		/* delay slot */
	beqz	$v0, exit
	nop				/* delay slot */
	li	$a0, 1			/* wait: not here */
	li	$v0, 4
	syscall
	lui	$k1, %hi(served_wait)
	sw	$v0, %lo(served_wait)($k1)
reply:
	lui	$k1, %hi(served_done)
	lw	$v0, %lo(served_done)($k1)
	addiu	$v0, $v0, 1
	sw	$v0, %lo(served_done)($k1)
	FILL_HILO REPLY
	EACH_MESSAGE FILL, REPLY
	lui	$v0, RETURN
	syscall
	break
fault:
	lw	$zero, 1($zero)
forever:
	b	forever
	nop				/* delay slot */
exit:
	li	$a0, 3
	li	$v0, 5
	syscall
	/* Long enough to be interrupted; then everything is still there. */
spin:
	lui	$k1, %hi(served_spin)
1:	lw	$v0, %lo(served_spin)($k1)
	addiu	$v0, $v0, -1
	bgtz	$v0, 1b
	sw	$v0, %lo(served_spin)($k1) /* delay slot */
	EACH_MESSAGE CHECK, MESSAGE
	CHECK_HILO MESSAGE
	b	reply
	nop				/* delay slot */
9:	lui	$v0, %hi(served_bad)
	sw	$k1, %lo(served_bad)($v0)
	b	reply
	nop				/* delay slot */

/* The entry of calls that go on to somebody else: the message is his. */
	.globl	pct_relay
pct_relay:
	lui	$k1, %hi(relay_request)
	lw	$v0, %lo(relay_request)($k1)
	syscall
	lui	$k1, %hi(relay_result)
	sw	$v0, %lo(relay_result)($k1)
	lui	$v0, RETURN
	syscall
	break

/* The entry of sends. */
	.globl	pct_take
pct_take:
	lui	$k1, %hi(sent_id)
	sw	$v0, %lo(sent_id)($k1)
	EACH_MESSAGE CHECK, MESSAGE
	CHECK_HILO MESSAGE
	move	$k1, $zero
9:	lui	$v0, %hi(sent_bad)
	sw	$k1, %lo(sent_bad)($v0)
	lui	$k1, %hi(sent)
	lw	$v0, %lo(sent)($k1)
	addiu	$v0, $v0, 1
	sw	$v0, %lo(sent)($k1)
	lui	$v0, RETURN
	syscall
	break

/* int pct_leak(uint32_t number): a system call without arguments changes none of
 * the saved registers and clears the others; 0 or the first that is wrong. */
	.globl	pct_leak
pct_leak:
	SAVE_C	sp_at
	lui	$k1, %hi(pct_request)
	sw	$a0, %lo(pct_request)($k1)
	FILL_HILO MESSAGE
	EACH_MESSAGE FILL, MESSAGE
	lui	$k1, %hi(pct_request)
	lw	$v0, %lo(pct_request)($k1)
	li	$a0, 0
	li	$a1, 0
	.globl	pct_leak_at, pct_leak_back
pct_leak_at:
	syscall
pct_leak_back:
	bnez	$k1, 9f
	li	$k1, 27			/* delay slot */
	lui	$k1, %hi(leak_k0)
	sw	$k0, %lo(leak_k0)($k1)
	.irp	n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,24,25
	CHECK_ZERO \n
	.endr
	.irp	n, 16,17,18,19,20,21,22,23,28,29,30,31
	CHECK	\n, MESSAGE
	.endr
	mfhi	$v0
	bnez	$v0, 9f
	li	$k1, 32			/* delay slot */
	mflo	$v0
	bnez	$v0, 9f
	li	$k1, 33			/* delay slot */
	move	$k1, $zero
9:	move	$v0, $k1
	LOAD_C	sp_at

/* Starts of slices that are given up at once, to the other one, TURNS times;
 * slice_busy is in the area at 0x1000. */
	.globl	turn_start, turn_start_at, turn_end
turn_start:
	lui	$k1, %hi(turns)
	lw	$v0, %lo(turns)($k1)
	addiu	$v0, $v0, -1
	bltz	$v0, 1f
	sw	$v0, %lo(turns)($k1)	/* delay slot */
	sw	$zero, 0x1000 + 772($zero)
	lui	$k1, %hi(turn_request)
	lw	$v0, %lo(turn_request)($k1)
turn_start_at:
	syscall
1:	li	$a0, 0			/* the other one has ended */
	li	$v0, 5
	syscall
turn_end:
	li	$a0, 0
	li	$v0, 3
	syscall
	b	turn_end
	nop				/* delay slot */
