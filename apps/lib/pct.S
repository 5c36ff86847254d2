/*
 * pct.S - protected control transfer: registers from and to memory.
 *
 * Everything but $v0, $k0 and $k1 travels.  A caller that believes nothing finds
 * its own $sp in pct_sp, a callee its stack at a fixed place.
 */
#include "apps/lib/offsets.h"

	.set	noat
	.set	noreorder

	.macro	EACH_PRESERVED what	/* callee-saved, but $sp */
	.irp	n, 16,17,18,19,20,21,22,23,28,30,31
	\what	\n
	.endr
	.endm
	.macro	CLEAR n
	move	$\n, $zero
	.endm
	.macro	KEEP n
	sw	$\n, 4 * (\n)($sp)
	.endm
	.macro	LOAD n
	lw	$\n, 4 * (\n)($sp)
	.endm
	.macro	WORDS what, at, base	/* $a0-$a3, $t0-$t3 */
	\what	$4, \at(\base)
	\what	$6, \at + 8(\base)
	\what	$7, \at + 12(\base)
	\what	$8, \at + 16(\base)
	\what	$9, \at + 20(\base)
	\what	$10, \at + 24(\base)
	\what	$11, \at + 28(\base)
	.endm

#define CALL_BYTES 136	/* room for KEEP 31; $0's: the former pct_sp */
#define CALL_M     128

	.bss
	.balign	8
pct_stack:
	.space	PCT_STACK
pct_sp:
	.space	4		/* $sp of the innermost pct_call() */

	.text
/* int32_t pct_call(env in $a0, message in $a1) */
	.globl	pct_call
	.ent	pct_call
pct_call:
	addiu	$sp, $sp, -CALL_BYTES
	EACH_PRESERVED KEEP
	lui	$t8, %hi(pct_sp)
	lw	$t9, %lo(pct_sp)($t8)
	sw	$a1, CALL_M($sp)
	sw	$t9, 0($sp)
	sw	$sp, %lo(pct_sp)($t8)
	lui	$v0, 0x8000		/* SP_PCT(SP_PCT_CALL, env) */
	ins	$v0, $a0, 0, 24
	WORDS	lw, 0, $a1
	lw	$a1, 4($a1)
	EACH_PRESERVED CLEAR
	.irp	n, 1,3,12,13,14,15,24,25,29
	CLEAR	\n
	.endr
	mthi	$zero
	mtlo	$zero
	syscall
	/* Nothing but $v0 is ours now. */
	lui	$t8, %hi(pct_sp)
	lw	$sp, %lo(pct_sp)($t8)
	lw	$t9, 0($sp)
	lw	$v1, CALL_M($sp)
	sw	$t9, %lo(pct_sp)($t8)
	WORDS	sw, 0, $v1
	sw	$a1, 4($v1)
	EACH_PRESERVED LOAD
	.globl	pct_call_end		/* where benches stop counting */
pct_call_end:
	jr	$ra
	addiu	$sp, $sp, CALL_BYTES	/* delay slot */
	.end	pct_call

/* int32_t pct_call_trusting(env in $a0, message in $a1) */
	.globl	pct_call_trusting
	.ent	pct_call_trusting
pct_call_trusting:
	addiu	$sp, $sp, -8
	sw	$a1, 0($sp)
	lui	$v0, 0x8000		/* SP_PCT(SP_PCT_CALL, env) */
	ins	$v0, $a0, 0, 24
	WORDS	lw, 0, $a1
	lw	$a1, 4($a1)
	syscall
	lw	$v1, 0($sp)
	WORDS	sw, 0, $v1
	sw	$a1, 4($v1)
	.globl	pct_call_trusting_end		/* where benches stop counting */
pct_call_trusting_end:
	jr	$ra
	addiu	$sp, $sp, 8		/* delay slot */
	.end	pct_call_trusting

/*
 * int32_t pct_send(env in $a0, message in $a1)
 *
 * The kernel returns to a sender as from any call: preserved registers survive.
 * They would travel as well, so they are kept here and cleared.
 */
	.globl	pct_send
	.ent	pct_send
pct_send:
	addiu	$sp, $sp, -CALL_BYTES
	EACH_PRESERVED KEEP
	lui	$v0, 0xa000		/* SP_PCT(SP_PCT_SEND, env) */
	ins	$v0, $a0, 0, 24
	WORDS	lw, 0, $a1
	lw	$a1, 4($a1)
	EACH_PRESERVED CLEAR
	.irp	n, 1,3,12,13,14,15,24,25
	CLEAR	\n
	.endr
	mthi	$zero
	mtlo	$zero
	syscall
	EACH_PRESERVED LOAD
	jr	$ra
	addiu	$sp, $sp, CALL_BYTES	/* delay slot */
	.end	pct_send

/* In: $v0 = who calls, the message; $sp, $ra and preserved registers are the
 * caller's and go back to it. */
	.macro	PCT_ENTRY name
	.globl	pct_entry_\name
	.ent	pct_entry_\name
pct_entry_\name:
	lui	$t8, %hi(pct_stack + PCT_STACK - PCT_BYTES)
	addiu	$t8, $t8, %lo(pct_stack + PCT_STACK - PCT_BYTES)
	sw	$sp, PCT_SP($t8)
	sw	$ra, PCT_RA($t8)
	WORDS	sw, PCT_WORD(0), $t8
	sw	$a1, PCT_WORD(1)($t8)
	lui	$t9, %hi(pct_on_\name)
	lw	$t9, %lo(pct_on_\name)($t9)
	move	$sp, $t8
	move	$a0, $v0
	jalr	$t9
	addiu	$a1, $sp, PCT_WORD(0)	/* delay slot */
	WORDS	lw, PCT_WORD(0), $sp
	lw	$a1, PCT_WORD(1)($sp)
	lw	$ra, PCT_RA($sp)
	lw	$sp, PCT_SP($sp)
	.irp	n, 1,3,12,13,14,15,24,25
	CLEAR	\n
	.endr
	mthi	$zero
	mtlo	$zero
	lui	$v0, 0xc000		/* SP_PCT(SP_PCT_RETURN, 0) */
	syscall
	break				/* the call was refused: no call */
	.end	pct_entry_\name
	.endm

	PCT_ENTRY call
	PCT_ENTRY send
