/*
 * context.S - from an exception to C and back, without the kernel.
 *
 * Entered with everything as it was, but $at (in the save area), $k0 and $k1.
 * Handlers have a stack for each level; a fault inside a handler goes below.
 * The save area is free again as soon as all is in the frame.
 */
#include "apps/lib/offsets.h"

	.set	noat
	.set	noreorder

	/* $at, $t0, $t1, $sp are moved through the area; $ra is needed. */
	.macro	EACH_OTHER what
	.irp	n, 2,3,4,5,6,7,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,30
	\what	\n
	.endr
	.endm
	.macro	X_KEEP n
	sw	$\n, X_REG(\n)($sp)
	.endm
	.macro	X_LOAD n
	lw	$\n, X_REG(\n)($sp)
	.endm

	.bss
	.balign	8
exception_stacks:
	.space	3 * EXC_STACK

	.text
/*
 * Where the frame goes: below $sp if that is a handler's of this level, else at
 * the top of the level's stack.  Without room the program ends: a second
 * exception while the area is busy.
 */
	.macro	ENTRY name, level
	.globl	exception_entry_\name
	.ent	exception_entry_\name
exception_entry_\name:
	sw	$t0, SAVE_LEVEL(\level) + SAVE_FREE($zero)
	sw	$t1, SAVE_LEVEL(\level) + SAVE_FREE + 4($zero)
	sw	$sp, SAVE_LEVEL(\level) + SAVE_FREE + 8($zero)
	lui	$t0, %hi(exception_stacks + (\level) * EXC_STACK)
	addiu	$t0, $t0, %lo(exception_stacks + (\level) * EXC_STACK)
	subu	$t1, $sp, $t0
	sltiu	$t0, $t1, EXC_NEED
	bnez	$t0, exception_no_room
	sltiu	$t1, $t1, EXC_STACK + 1	/* delay slot */
	bnez	$t1, 1f
	ins	$sp, $zero, 0, 3	/* delay slot: to 8 bytes */
	lui	$sp, %hi(exception_stacks + (\level + 1) * EXC_STACK)
	addiu	$sp, $sp, %lo(exception_stacks + (\level + 1) * EXC_STACK)
1:	addiu	$sp, $sp, -X_BYTES
	EACH_OTHER X_KEEP
	sw	$ra, X_REG(31)($sp)
	lw	$t0, SAVE_LEVEL(\level) + SAVE_AT($zero)
	lw	$t1, SAVE_LEVEL(\level) + SAVE_FREE($zero)
	lw	$t2, SAVE_LEVEL(\level) + SAVE_FREE + 4($zero)
	lw	$t3, SAVE_LEVEL(\level) + SAVE_FREE + 8($zero)
	sw	$t0, X_REG(1)($sp)
	sw	$t1, X_REG(8)($sp)
	sw	$t2, X_REG(9)($sp)
	sw	$t3, X_REG(29)($sp)
	lw	$t0, SAVE_LEVEL(\level) + SAVE_EPC($zero)
	lw	$t1, SAVE_LEVEL(\level) + SAVE_CAUSE($zero)
	lw	$t2, SAVE_LEVEL(\level) + SAVE_BADVADDR($zero)
	sw	$t0, X_EPC($sp)
	sw	$t1, X_CAUSE($sp)
	sw	$t2, X_BADVADDR($sp)
	sw	$zero, SAVE_LEVEL(\level) + SAVE_BUSY($zero)
	jal	exception_call
	li	$t3, \level		/* delay slot */
	/* From here $k1 counts: busy again, so that no slice is ended here. */
	lui	$t0, 0x8000
	sw	$t0, SAVE_LEVEL(\level) + SAVE_BUSY($zero)
	lw	$k1, X_EPC($sp)
	lw	$t0, X_REG(8)($sp)
	lw	$t1, X_REG(9)($sp)
	lw	$ra, X_REG(31)($sp)
	lw	$1, X_REG(1)($sp)
	lw	$sp, X_REG(29)($sp)
	jr	$k1
	sw	$zero, SAVE_LEVEL(\level) + SAVE_BUSY($zero) /* delay slot */
	.end	exception_entry_\name
	.endm

	ENTRY	main, 0
	ENTRY	call, 1
	ENTRY	upcall, 2

exception_no_room:
	break

/* In: $sp = the frame, $t3 = the level.  Out: all that is in it but $at, $t0, $t1,
 * $sp and $ra. */
	.ent	exception_call
exception_call:
	move	$s0, $ra		/* is in the frame */
	sw	$t3, X_LEVEL($sp)
	sw	$zero, X_REG(0)($sp)
	mfhi	$t0
	mflo	$t1
	sw	$t0, X_HI($sp)
	sw	$t1, X_LO($sp)
	jal	exception_dispatch
	addiu	$a0, $sp, X_REG(0)	/* delay slot */
	move	$t1, $s0
	lw	$t0, X_HI($sp)
	mthi	$t0
	lw	$t0, X_LO($sp)
	mtlo	$t0
	EACH_OTHER X_LOAD
	jr	$t1
	nop				/* delay slot */
	.end	exception_call
