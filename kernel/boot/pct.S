/*
 * pct.S - protected control transfer: into another environment and back, no
 * register of the message touched.
 *
 * v0 = SP_PCT(kind, environment) says what; v0, k0 and k1 are ours to use.  What
 * is not an ordinary transfer goes to core/pct.c with all registers saved.
 */
#include "kernel/boot/frame.h"
#include "kernel/mips.h"

	.set	noat
	.set	noreorder

#define EntryHi  $10
#define EPC      $14

	.section .vectors.pct, "ax"

/*
 * In: EXL set, v0 < 0.  A callee accepts when its ENV_OPEN is v0, which says that
 * it is this very environment (slot and generation), has an entry, and neither
 * serves nor waits nor runs an upcall.
 */
	.globl	pct_entry
	.type	pct_entry, @function
pct_entry:
	sll	$k0, $v0, 1
	bltz	$k0, pct_return
	lui	$k0, ENV_TABLE >> 16	/* delay slot */
	ins	$k0, $v0, ENV_BYTES_LOG2, SP_MAX_ENVS_LOG2
	lw	$k1, ENV_OPEN($k0)
	bne	$k1, $v0, pct_other
	mfc0	$k1, CP0_CURRENT	/* delay slot */
	beq	$k0, $k1, pct_other
	mtc0	$k0, CP0_CURRENT	/* delay slot: the same if it branches */
	sw	$k0, ENV_CALLING($k1)
	sw	$k1, ENV_CALLER($k0)
	mfc0	$v0, EPC
	addiu	$v0, $v0, 4
	sw	$v0, ENV_RET($k1)
	lw	$v0, ENV_OPEN($k1)
	sw	$zero, ENV_OPEN($k1)
	sw	$v0, ENV_OPEN_SAVED($k1)
	sw	$zero, ENV_OPEN($k0)
	sw	$zero, ENV_TURN($k0)
	lw	$v0, ENV_SAVE_OF + 4 * LEVEL_CALL($k0)
	sw	$v0, ENV_SAVE($k0)
	mtc0	$v0, CP0_SAVE
	addiu	$v0, $k0, ENV_CONTEXT + CTX_BYTES * LEVEL_CALL
	sw	$v0, ENV_CTX($k0)
	lw	$v0, ENV_ASID($k0)
	mtc0	$v0, EntryHi
	lw	$v0, ENV_SYNC_ENTRY($k0)
	mtc0	$v0, EPC
	lw	$v0, ENV_ID($k1)
	move	$k1, $zero
	move	$k0, $zero
	ehb
	eret
	.size	pct_entry, . - pct_entry

/*
 * Back to the caller, if it waits for us: idle_env, which stands for none, waits
 * for nobody.
 */
	.type	pct_return, @function
pct_return:
	sll	$k0, $v0, 2
	bltz	$k0, pct_yield
	lui	$k0, ENV_TABLE >> 16	/* delay slot */
	mfc0	$k1, CP0_CURRENT
	lw	$k0, ENV_CALLER($k1)
	lw	$v0, ENV_CALLING($k0)
	bne	$v0, $k1, pct_other
	lui	$v0, PCT_RETURN >> 16	/* delay slot */
	lui	$v0, %hi(idle_env)
	addiu	$v0, $v0, %lo(idle_env)
	sw	$v0, ENV_CALLER($k1)
	sw	$zero, ENV_CALLING($k0)
	lw	$v0, ENV_KEY($k1)
	sw	$v0, ENV_OPEN($k1)
	lw	$v0, ENV_OPEN_SAVED($k0)
	sw	$v0, ENV_OPEN($k0)
	addiu	$v0, $k1, ENV_CONTEXT
	sw	$v0, ENV_CTX($k1)
	lw	$v0, ENV_SAVE_OF($k1)
	sw	$v0, ENV_SAVE($k1)
	lw	$v0, ENV_SAVE($k0)
	mtc0	$v0, CP0_SAVE
	mtc0	$k0, CP0_CURRENT
	lw	$v0, ENV_ASID($k0)
	mtc0	$v0, EntryHi
	lw	$v0, ENV_RET($k0)
	mtc0	$v0, EPC
	move	$v0, $zero
	move	$k1, $zero
	move	$k0, $zero
	ehb
	eret
	.size	pct_return, . - pct_return

/*
 * Into the slice of who has given up its own and may be entered at its start: its
 * ENV_TURN is v0, which says that it is this very environment.  Who yields may be
 * left as it stands, to be entered at its start: it has a key, and runs no call
 * or upcall.  In: k0 = ENV_TABLE.
 */
	.type	pct_yield, @function
pct_yield:
	ins	$k0, $v0, ENV_BYTES_LOG2, SP_MAX_ENVS_LOG2
	lw	$k1, ENV_TURN($k0)
	bne	$k1, $v0, pct_other
	mfc0	$k1, CP0_CURRENT	/* delay slot */
	lw	$v0, ENV_CTX($k1)
	subu	$v0, $v0, $k1
	addiu	$v0, $v0, -ENV_CONTEXT
	bnez	$v0, pct_yield_other
	lw	$v0, ENV_TURN_KEY($k1)	/* delay slot */
	beqz	$v0, pct_yield_other
	sw	$v0, ENV_TURN($k1)	/* delay slot: no key, no turn */
	lw	$v0, ENV_START_PC($k1)
	sw	$v0, ENV_START_AT($k1)
	sw	$zero, ENV_TURN($k0)
	sw	$zero, ENV_START_AT($k0)
	mtc0	$k0, CP0_CURRENT
	lw	$v0, ENV_SAVE($k0)
	mtc0	$v0, CP0_SAVE
	lw	$v0, ENV_ASID($k0)
	mtc0	$v0, EntryHi
	lw	$v0, ENV_START_PC($k0)
	mtc0	$v0, EPC
	mthi	$zero
	mtlo	$zero
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	move	$\n, $zero
	.endr
	ehb
	eret
	.size	pct_yield, . - pct_yield

pct_yield_other:
	b	pct_other
	lw	$v0, ENV_TURN($k0)	/* delay slot */

/*
 * Everything else: all registers, the request as v0, into the context.  A send
 * then enters the callee if it is at rest; it may run in slices of its own.
 */
	.type	pct_other, @function
pct_other:
	mfc0	$k0, CP0_CURRENT
	lw	$k0, ENV_CTX($k0)
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
	sw	$\n, CTX_REG(\n)($k0)
	.endr
	sw	$zero, CTX_REG(27)($k0)
	mfhi	$t0
	mflo	$t1
	mfc0	$t2, EPC
	addiu	$t2, $t2, 4
	sw	$t0, CTX_HI($k0)
	sw	$t1, CTX_LO($k0)
	sw	$t2, CTX_EPC($k0)
	srl	$t0, $v0, 29
	li	$t1, PCT_SEND >> 29
	bne	$t0, $t1, pct_refuse
	lui	$t0, ENV_TABLE >> 16	/* delay slot */
	ins	$t0, $v0, ENV_BYTES_LOG2, SP_MAX_ENVS_LOG2
	lw	$t1, ENV_ID($t0)
	subu	$t1, $v0, $t1
	sll	$t1, $t1, 3		/* but for the kind: the very same? */
	bnez	$t1, pct_refuse
	lw	$t1, ENV_ASYNC_ENTRY($t0) /* delay slot */
	beqz	$t1, pct_refuse
	lw	$t2, ENV_CALLING($t0)	/* delay slot */
	bnez	$t2, pct_refuse
	lw	$t2, ENV_CTX($t0)	/* delay slot */
	addiu	$t3, $t0, ENV_CONTEXT
	bne	$t2, $t3, pct_refuse
	mfc0	$k1, CP0_CURRENT	/* delay slot */
	beq	$k1, $t0, pct_refuse
	nop				/* delay slot */
	mtc0	$t1, EPC
	sw	$zero, CTX_REG(2)($k0)
	lw	$v0, ENV_ID($k1)
	mtc0	$t0, CP0_CURRENT
	sw	$zero, ENV_OPEN($t0)
	sw	$zero, ENV_TURN($t0)
	lw	$t1, ENV_SAVE_OF + 4 * LEVEL_CALL($t0)
	sw	$t1, ENV_SAVE($t0)
	mtc0	$t1, CP0_SAVE
	addiu	$t1, $t0, ENV_CONTEXT + CTX_BYTES * LEVEL_CALL
	sw	$t1, ENV_CTX($t0)
	lw	$t1, ENV_ASID($t0)
	mtc0	$t1, EntryHi
	lui	$k1, %hi(cpu + CPU_READY)
	lw	$t1, %lo(cpu + CPU_READY)($k1)
	srl	$t0, $t0, ENV_BYTES_LOG2	/* the slot in its low bits */
	li	$t2, 1
	sllv	$t2, $t2, $t0
	or	$t1, $t1, $t2
	sw	$t1, %lo(cpu + CPU_READY)($k1)
	.irp	n, 8,9,10,11
	lw	$\n, CTX_REG(\n)($k0)
	.endr
	move	$k1, $zero
	move	$k0, $zero
	ehb
	eret

pct_refuse:
	mtc0	$zero, $12		/* Status */
	move	$a0, $v0
	lui	$sp, %hi(sys_stack_top - 16)
	jal	pct_slow
	addiu	$sp, $sp, %lo(sys_stack_top - 16) /* delay slot */
	j	context_resume
	move	$a0, $v0		/* delay slot */
	.size	pct_other, . - pct_other
