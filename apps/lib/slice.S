/*
 * slice.S - registers at the end of a slice, and at the start of the next.
 *
 * The kernel has put the pc into slice_epc and set slice_busy; while that is set
 * it saves by itself what it interrupts, so nothing here can be lost.  It does so
 * too while an exception's area is busy, where $k1 counts (context.S): nobody
 * could load it together with a pc.
 */
#include "apps/lib/offsets.h"

	.set	noat
	.set	noreorder

	.macro	EACH what
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
	\what	\n
	.endr
	.endm
	.macro	EACH_PRESERVED what
	.irp	n, 16,17,18,19,20,21,22,23,28,29,30,31
	\what	\n
	.endr
	.endm
	.macro	KEEP n
	sw	$\n, KEEP_REG(\n)($zero)
	.endm
	.macro	LOAD n
	lw	$\n, KEEP_REG(\n)($zero)
	.endm

	.bss
	.balign	8
	.space	SLICE_STACK
slice_stack_top:

	.text
	.globl	slice_entry_end
	.ent	slice_entry_end
slice_entry_end:
	EACH	KEEP
	mfhi	$t0
	mflo	$t1
	sw	$t0, KEEP_HI($zero)
	sw	$t1, KEEP_LO($zero)
	lui	$sp, %hi(slice_stack_top - 16)
	addiu	$sp, $sp, %lo(slice_stack_top - 16)
	lui	$t9, %hi(slice_at_end)
	lw	$t9, %lo(slice_at_end)($t9)
	jalr	$t9
	nop				/* delay slot */
	lui	$v0, 0xe000		/* SP_PCT(SP_PCT_YIELD, 0) */
	syscall				/* never returns */
	.end	slice_entry_end

	.globl	slice_entry_start
	.ent	slice_entry_start
slice_entry_start:
	lui	$sp, %hi(slice_stack_top - 16)
	addiu	$sp, $sp, %lo(slice_stack_top - 16)
	lui	$t9, %hi(slice_at_start)
	lw	$t9, %lo(slice_at_start)($t9)
	jalr	$t9
	nop				/* delay slot */
	lw	$t0, KEEP_HI($zero)
	lw	$t1, KEEP_LO($zero)
	mthi	$t0
	mtlo	$t1
	EACH	LOAD
	lw	$k1, SLICE_EPC($zero)
	jr	$k1
	sw	$zero, SLICE_BUSY($zero) /* delay slot */
	.end	slice_entry_start

/* int32_t slice_give(env in $a0): go on behind the call when there is a slice. */
	.globl	slice_give
	.ent	slice_give
slice_give:
	lui	$t0, 0x8000
	sw	$t0, SLICE_BUSY($zero)	/* from here the kernel saves by itself */
	EACH_PRESERVED KEEP
	sw	$zero, KEEP_REG(2)($zero)
	sw	$ra, SLICE_EPC($zero)
	lui	$v0, 0xe000		/* SP_PCT(SP_PCT_YIELD, env) */
	ins	$v0, $a0, 0, 24
	syscall
	jr	$ra			/* only if it failed */
	sw	$zero, SLICE_BUSY($zero) /* delay slot */
	.end	slice_give
