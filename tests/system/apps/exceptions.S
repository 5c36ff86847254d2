/*
 * exceptions.S - instructions that trap while every register is watched, and the
 * handler that goes on without the kernel.
 */
#include "tests/system/apps/exceptions.h"

	.include "tests/system/apps/pattern.inc"

	.bss
	.align	2
sp_at:	.space	4
	.text

/*
 * The handler of every code on the main level: notes what it was told, then
 * resumes behind the instruction, or where LOG_RESUME says.
 */
	.globl	exc_handler
exc_handler:
	sw	$t0, AREA_VA + 20($zero)	/* sp_save.free */
	lw	$t0, LOG_COUNT($zero)
	addiu	$t0, $t0, 1
	sw	$t0, LOG_COUNT($zero)
	sw	$k1, LOG_K1($zero)
	lw	$t0, AREA_VA + 8($zero)
	sw	$t0, LOG_CAUSE($zero)
	lw	$t0, AREA_VA + 12($zero)
	sw	$t0, LOG_BADVADDR($zero)
	lw	$t0, AREA_VA + 16($zero)
	sw	$t0, LOG_BUSY($zero)
	lw	$t0, AREA_VA + 4($zero)
	sw	$t0, LOG_EPC($zero)
	lw	$k1, LOG_RESUME($zero)
	bnez	$k1, 1f
	nop					/* delay slot */
	addiu	$k1, $t0, 4
1:	lw	$t0, AREA_VA + 20($zero)
	lw	$1, AREA_VA + 0($zero)
	jr	$k1
	sw	$zero, AREA_VA + 16($zero)	/* delay slot */

/* The shortest that goes on behind the instruction. */
	.globl	exc_handler_short
exc_handler_short:
	lw	$k1, AREA_VA + 4($zero)
	lw	$1, AREA_VA + 0($zero)
	addiu	$k1, $k1, 4
	jr	$k1
	sw	$zero, AREA_VA + 16($zero)	/* delay slot */

/* A word at every STRIDE from FIRST to END, ROUNDS times.
 * void exc_touch(uint32_t first, uint32_t end, uint32_t rounds) */
	.globl	exc_touch, exc_touch_at
exc_touch:
	move	$t0, $a0
exc_touch_at:
	lw	$t1, 0($t0)
	addiu	$t0, $t0, STRIDE
	bne	$t0, $a1, exc_touch_at
	nop					/* delay slot */
	addiu	$a2, $a2, -1
	bnez	$a2, exc_touch
	nop					/* delay slot */
	jr	$ra
	nop					/* delay slot */

/* A handler that faults itself. */
	.globl	exc_handler_bad, exc_handler_bad_at
exc_handler_bad:
	nop
exc_handler_bad_at:
	lw	$t0, 2($zero)

/*
 * int exc_NAME(void): one exception; 0, or the first register that changed (32:
 * HI, 33: LO).  exc_NAME_at is the instruction, exc_NAME_back where to go on.
 */
	.macro	BEGIN name
	.globl	exc_\name, exc_\name\()_at, exc_\name\()_back
exc_\name:
	SAVE_C	sp_at
	FILL_HILO
	EACH	FILL
exc_\name\()_at:
	.endm
	.macro	END name
exc_\name\()_back:
	EACH	CHECK
	CHECK_HILO
	move	$k1, $zero
9:	move	$v0, $k1
	LOAD_C	sp_at
	.endm

	BEGIN	unalign_load
	lw	$t0, 1($zero)
	END	unalign_load
	BEGIN	unalign_store
	sw	$t0, 2($zero)
	END	unalign_store
	BEGIN	kernel_load
	lw	$t0, -4($zero)
	END	kernel_load
	BEGIN	load
	lw	$t0, UNMAPPED_VA($zero)
	END	load
	BEGIN	store
	sw	$t0, UNMAPPED_VA($zero)
	END	store
	BEGIN	modify
	sw	$t0, READ_VA($zero)
	END	modify
	BEGIN	overflow
	add	$t0, $s0, $s1
	END	overflow
	BEGIN	trap
	teq	$zero, $zero
	END	trap
	BEGIN	break
	break	5
	END	break
	BEGIN	reserved
	.word	0x7c08e83b		/* rdhwr $t0, $29 */
	END	reserved
	BEGIN	fpu
	.word	0x44080000		/* mfc1 $t0, $f0 */
	END	fpu
	BEGIN	cop0
	mfc0	$t0, $12
	END	cop0
	BEGIN	sdbbp
	sdbbp	5
	END	sdbbp
	BEGIN	jump_kernel
	lui	$k1, 0x8010
	jr	$k1
	nop				/* delay slot */
	END	jump_kernel
	BEGIN	jump_odd
	lui	$k1, 0x0040
	ori	$k1, $k1, 2
	jr	$k1
	nop				/* delay slot */
	END	jump_odd
	BEGIN	jump_unmapped
	li	$k1, UNMAPPED_VA
	jr	$k1
	nop				/* delay slot */
	END	jump_unmapped
	BEGIN	delay_slot
	b	exc_delay_slot_back
	lw	$t0, 1($zero)		/* delay slot */
	END	delay_slot
	BEGIN	delay_slot_miss
	b	exc_delay_slot_miss_back
	lw	$t0, UNMAPPED_VA($zero)	/* delay slot */
	END	delay_slot_miss

/*
 * Words at every STRIDE from s0 to s1 and 32 MiB behind, where the STLB has only
 * one place for both, ROUNDS times; 0 or the register that changed.
 * int exc_thrash_X(uint32_t first, uint32_t end, uint32_t rounds)
 */
	.macro	THRASH name, base, rounds_at
	.bss
\rounds_at\()_sp:
	.space	4
\rounds_at:
	.space	12
	.text
	.globl	\name
\name:
	SAVE_C	\rounds_at\()_sp
	lui	$v0, %hi(\rounds_at)
	addiu	$v0, $v0, %lo(\rounds_at)
	sw	$a2, 0($v0)
	sw	$a0, 4($v0)
	sw	$a1, 8($v0)
	FILL_HILO \base
	EACH	FILL, \base
1:	lui	$k1, %hi(\rounds_at)
	lw	$s0, %lo(\rounds_at) + 4($k1)
	lw	$s1, %lo(\rounds_at) + 8($k1)
	lui	$s2, COLLIDE >> 16
	FILL	27, \base
2:	lw	$t0, 0($s0)		/* k1 must survive all of this */
	addu	$t0, $s0, $s2
	lw	$t1, 0($t0)
	addiu	$s0, $s0, STRIDE
	bne	$s0, $s1, 2b
	nop				/* delay slot */
	lui	$t0, \base + 27
	ori	$t0, $t0, 0x11 * 27
	bne	$t0, $k1, 9f
	li	$k1, 27			/* delay slot */
	FILL	2, \base		/* what this loop uses */
	FILL	8, \base
	FILL	9, \base
	FILL	16, \base
	FILL	17, \base
	FILL	18, \base
	EACH	CHECK, \base
	CHECK_HILO \base
	lui	$k1, %hi(\rounds_at)
	lw	$v0, %lo(\rounds_at)($k1)
	addiu	$v0, $v0, -1
	sw	$v0, %lo(\rounds_at)($k1)
	bnez	$v0, 1b
	nop				/* delay slot */
	move	$k1, $zero
9:	move	$v0, $k1
	LOAD_C	\rounds_at\()_sp
	.endm

	THRASH	exc_thrash_a, 0x4700, rounds_a
	THRASH	exc_thrash_b, 0x2900, rounds_b
