/*
 * entries.S - how a worker calls the kernel, and where the kernel enters it.
 *
 * A call puts every register away first, because a protected control transfer may
 * bring back any; and looks afterwards whether anything is where nothing should
 * be.  There is one block and one stack for each level (enum sp_level), since a
 * higher one interrupts a lower.
 */
#include "tests/fuzz/syscall/fuzz.h"

#define YIELD       3  /* SP_CALL_yield */
#define UPCALL_DONE 21 /* SP_CALL_upcall_done */
#define STACK_BYTES 4096

	.set	noat
	.set	noreorder
	.set	nomacro

	.bss
	.align	4
	.globl	fuzz_block, fuzz_stack_call, fuzz_stack_upcall
fuzz_block:
	.space	3 * BLOCK_BYTES
	.space	STACK_BYTES
fuzz_stack_call:
	.space	32
	.space	STACK_BYTES
fuzz_stack_upcall:
	.space	32

	.text
	.macro	BLOCK reg, level
	lui	$\reg, %hi(fuzz_block + \level * BLOCK_BYTES)
	addiu	$\reg, $\reg, %lo(fuzz_block + \level * BLOCK_BYTES)
	.endm
	.macro	DIFFERS reg, value	/* t2 |= reg ^ value << 16; uses v1 */
	lui	$3, \value
	xor	$3, $3, $\reg
	or	$10, $10, $3
	.endm

/*
 * In: a0 = number, a1 = the four arguments.  Out: v0.  s-registers, gp and fp hold
 * known values during the call; afterwards they must, sp and ra must be the same
 * and every other register, HI and LO 0; what differs goes to the block.
 */
	.macro	FUZZ_CALL name, level
	.globl	fuzz_call_\name
	.ent	fuzz_call_\name
fuzz_call_\name:
	BLOCK	8, \level
	.set	at_word, 0
	.irp	n, 16,17,18,19,20,21,22,23,28,30,29,31
	sw	$\n, BLOCK_SAVED + at_word($8)
	.set	at_word, at_word + 4
	.endr
	sw	$4, BLOCK_NUMBER($8)
	.irp	l, 0,4,8,12
	sw	$zero, BLOCK_LEAK + \l($8)
	.endr
	move	$2, $4
	move	$9, $5
	lw	$4, 0($9)
	lw	$5, 4($9)
	lw	$6, 8($9)
	lw	$7, 12($9)
	.irp	n, 16,17,18,19,20,21,22,23,28,30
	lui	$\n, 0x5a00 + \n
	.endr
	syscall
	.irp	n, 3,4,5,6,7,8,9,10,11,12,13,14,15,24,25
	or	$1, $1, $\n
	.endr
	mfhi	$9
	mflo	$10
	or	$9, $9, $10
	BLOCK	8, \level
	move	$10, $zero
	.irp	n, 16,17,18,19,20,21,22,23,28,30
	DIFFERS	\n, 0x5a00 + \n
	.endr
	lw	$11, BLOCK_SAVED + 40($8)
	xor	$11, $11, $29
	lw	$12, BLOCK_SAVED + 44($8)
	xor	$12, $12, $31
	or	$11, $11, $12
	lw	$12, BLOCK_NUMBER($8)
	bltz	$12, fuzz_resume	/* a transfer: all is message */
	nop				/* delay slot */
	sw	$1, BLOCK_LEAK($8)
	sw	$9, BLOCK_LEAK + 4($8)
	sw	$10, BLOCK_LEAK + 8($8)
	b	fuzz_resume
	sw	$11, BLOCK_LEAK + 12($8) /* delay slot */
	.end	fuzz_call_\name
	.endm

	FUZZ_CALL main, 0
	FUZZ_CALL call, 1
	FUZZ_CALL upcall, 2

/* In: t0 = block, v0 = result of the call that filled it. */
fuzz_resume:
	.set	at_word, 0
	.irp	n, 16,17,18,19,20,21,22,23,28,30,29,31
	lw	$\n, BLOCK_SAVED + at_word($8)
	.set	at_word, at_word + 4
	.endr
	jr	$31
	nop				/* delay slot */

/* --- exceptions: forget where it was, go on behind the level's last call ------- */
	.macro	EXCEPTION name, level
	.globl	fuzz_exception_\name
	.ent	fuzz_exception_\name
fuzz_exception_\name:
	BLOCK	8, \level
	lui	$2, FUZZ_EXCEPTION >> 16
	ori	$2, $2, FUZZ_EXCEPTION & 0xffff
	b	fuzz_resume
	sw	$zero, AREA_BUSY(\level)($zero) /* delay slot */
	.end	fuzz_exception_\name
	.endm

	EXCEPTION main, 0
	EXCEPTION call, 1
	EXCEPTION upcall, 2

/* --- upcalls and protected entries ---------------------------------------------- */
	.globl	fuzz_upcall
	.ent	fuzz_upcall
fuzz_upcall:
	jal	fuzz_upcalled
	nop				/* delay slot */
	li	$2, UPCALL_DONE
	syscall
	b	fuzz_upcall
	nop				/* delay slot */
	.end	fuzz_upcall

/* In: v0 = the caller.  Its message stays where it is, for what it is worth. */
	.globl	fuzz_sync
	.ent	fuzz_sync
fuzz_sync:
	lui	$29, %hi(fuzz_stack_call - 32)
	addiu	$29, $29, %lo(fuzz_stack_call - 32)
	jal	fuzz_served
	move	$4, $2			/* delay slot */
	lui	$2, 0xc000		/* SP_PCT(SP_PCT_RETURN, 0) */
	syscall
	b	fuzz_sync
	nop				/* delay slot */
	.end	fuzz_sync

/* --- slices ----------------------------------------------------------------------- */
	.macro	EACH what
	.set	at_word, 0
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
	\what	$\n, AREA_OWN + at_word($zero)
	.set	at_word, at_word + 4
	.endr
	.endm

	.globl	fuzz_end
	.ent	fuzz_end
fuzz_end:
	EACH	sw
	mfhi	$8
	sw	$8, AREA_OWN + 116($zero)
	mflo	$8
	sw	$8, AREA_OWN + 120($zero)
	li	$2, 1
	sw	$2, AREA_SAVED($zero)
	li	$2, YIELD
	move	$4, $zero
1:	syscall
	b	1b
	li	$2, YIELD		/* delay slot */
	.end	fuzz_end

/* A slice begins: either fuzz_end() gave up the last one, or a call did; or it was
 * to end elsewhere, and nobody has put the registers away. */
	.globl	fuzz_start
	.ent	fuzz_start
fuzz_start:
	lw	$8, AREA_SAVED($zero)
	bnez	$8, 1f
	sw	$zero, AREA_SAVED($zero) /* delay slot */
	sw	$zero, AREA_SLICE_BUSY($zero)
	BLOCK	8, 0
	b	fuzz_resume
	move	$2, $zero		/* delay slot */
1:	lw	$8, AREA_OWN + 116($zero)
	mthi	$8
	lw	$8, AREA_OWN + 120($zero)
	mtlo	$8
	EACH	lw
	lw	$27, AREA_SLICE_EPC($zero)
	jr	$27
	sw	$zero, AREA_SLICE_BUSY($zero) /* delay slot */
	.end	fuzz_start
