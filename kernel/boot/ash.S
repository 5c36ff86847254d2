/*
 * ash.S - into a handler and out of it: the only way across.
 *
 * A handler runs in kernel mode, EXL clear, only the timer unmasked; it reads no
 * register that holds anything of ours, and nothing of ours lies where it can
 * store.  Whatever stops it ends in ash_leave, which restores the caller of
 * ash_enter() from the kernel's own memory.
 */
#include "kernel/boot/frame.h"
#include "kernel/mips.h"

	.set	noat
	.set	noreorder
	.text

#define Count    $9
#define Compare  $11
#define Status   $12
#define Cause    $13
#define EPC      $14

/*
 * uint32_t ash_enter(const struct ash_entry *e, uint8_t *frame, uint32_t len)
 * Interrupts off.  Returns in v0 the handler's verdict or ASH_STOP_*.
 */
	.type	ash_enter, @function
	.globl	ash_enter
ash_enter:
	lui	$k0, %hi(cpu)
	addiu	$k0, $k0, %lo(cpu)
	sw	$s0, CPU_ASH_SAVE + 0($k0)
	sw	$s1, CPU_ASH_SAVE + 4($k0)
	sw	$s2, CPU_ASH_SAVE + 8($k0)
	sw	$s3, CPU_ASH_SAVE + 12($k0)
	sw	$s4, CPU_ASH_SAVE + 16($k0)
	sw	$s5, CPU_ASH_SAVE + 20($k0)
	sw	$s6, CPU_ASH_SAVE + 24($k0)
	sw	$s7, CPU_ASH_SAVE + 28($k0)
	sw	$fp, CPU_ASH_SAVE + 32($k0)
	sw	$sp, CPU_ASH_SAVE + 36($k0)
	sw	$ra, CPU_ASH_SAVE + 40($k0)
	/* The backstop: the timer, and nothing else. */
	mfc0	$t0, Count
	lw	$t1, CPU_ASH_LIMIT($k0)
	li	$t2, 1
	addu	$t0, $t0, $t1
	sw	$t2, CPU_ASH($k0)
	mtc0	$t0, Compare
	li	$t1, ST_IM7 | ST_IE
	mtc0	$t1, Status
	/* What a handler may know. */
	lw	$k0, AE_PC($a0)
	lw	$ra, AE_RA($a0)
	lw	$t8, AE_DATA($a0)
	lw	$sp, AE_SP($a0)
	lw	$s5, AE_BUDGET($a0)
	move	$s6, $a1
	addiu	$s7, $a1, -2		/* slot base: ASH_FRAME_AT */
	move	$a0, $a2
	move	$a1, $t8
	.irp	n, 1,2,3,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,25,30
	move	$\n, $zero
	.endr
	mthi	$zero
	jr	$k0
	mtlo	$zero			/* delay slot */
	.size	ash_enter, . - ash_enter

/* The exit bundle of every handler jumps here. */
	.type	ash_exit, @function
	.globl	ash_exit, ash_leave
ash_exit:
	mtc0	$zero, Status
	ext	$v0, $v0, 0, 31		/* ASH_STOP_* are ours alone */
ash_leave:
	lui	$k0, %hi(cpu)
	addiu	$k0, $k0, %lo(cpu)
	lw	$s0, CPU_ASH_SAVE + 0($k0)
	lw	$s1, CPU_ASH_SAVE + 4($k0)
	lw	$s2, CPU_ASH_SAVE + 8($k0)
	lw	$s3, CPU_ASH_SAVE + 12($k0)
	lw	$s4, CPU_ASH_SAVE + 16($k0)
	lw	$s5, CPU_ASH_SAVE + 20($k0)
	lw	$s6, CPU_ASH_SAVE + 24($k0)
	lw	$s7, CPU_ASH_SAVE + 28($k0)
	lw	$fp, CPU_ASH_SAVE + 32($k0)
	lw	$ra, CPU_ASH_SAVE + 40($k0)
	lw	$sp, CPU_ASH_SAVE + 36($k0)
	jr	$ra
	sw	$zero, CPU_ASH($k0)	/* delay slot */
	.size	ash_exit, . - ash_exit

/* The abort bundle: the budget ran out.  $ra of the handler is not believed. */
	.type	ash_stop_budget, @function
	.globl	ash_stop_budget
ash_stop_budget:
	mtc0	$zero, Status
	li	$v0, ASH_STOP_BUDGET
	lui	$k0, %hi(cpu)
	sw	$zero, %lo(cpu + CPU_ASH_PC)($k0)
	b	ash_leave
	nop				/* delay slot */
	.size	ash_stop_budget, . - ash_stop_budget

/* From the vectors, EXL set: the backstop fired, or the handler faulted. */
	.type	ash_stop_timer, @function
	.globl	ash_stop_timer, ash_stop_fault
ash_stop_timer:
	li	$v0, ASH_STOP_TIMER	/* two instructions: no delay slot */
	b	1f
	nop				/* delay slot */
ash_stop_fault:
	li	$v0, ASH_STOP_FAULT
1:	lui	$k0, %hi(cpu)
	mfc0	$k1, EPC
	sw	$k1, %lo(cpu + CPU_ASH_PC)($k0)
	mfc0	$k1, Cause
	sw	$k1, %lo(cpu + CPU_ASH_CAUSE)($k0)
	mfc0	$k1, $8			/* BadVAddr */
	sw	$k1, %lo(cpu + CPU_ASH_ADDR)($k0)
	b	ash_leave
	mtc0	$zero, Status		/* delay slot */
	.size	ash_stop_timer, . - ash_stop_timer

/*
 * Services.  A stub leaves the handler's stack for the kernel's, believes no
 * register but $ra (which a handler can only point at its own bundles), and
 * clears what C left behind ($v0 too if it is no result).  Interrupts off
 * meanwhile: a timer that fires then stops the handler at its next instruction.
 * What the longest way takes, C included, is the service's cost in ash/ash.h; one
 * that is paid gets $s5 and $s6 as well, which a handler cannot forge, and takes what
 * more it needs out of the budget.
 */
	.macro	SERVICE name, is_void=0, is_paid=0
	.type	ash_stub_\name, @function
	.globl	ash_stub_\name
ash_stub_\name:
	mtc0	$zero, Status
	lui	$k0, %hi(cpu)
	addiu	$k0, $k0, %lo(cpu)
	move	$k1, $sp
	lw	$sp, CPU_ASH_SAVE + 36($k0)
	addiu	$sp, $sp, -40
	.if	\is_paid		/* the fifth and sixth argument */
	sw	$s5, 16($sp)
	sw	$s6, 20($sp)
	.endif
	sw	$k1, 24($sp)
	sw	$ra, 28($sp)
	jal	ash_service_\name
	sw	$t8, 32($sp)		/* delay slot */
	lw	$t8, 32($sp)
	lw	$ra, 28($sp)
	.if	\is_paid		/* $v1 is what it leaves of the budget */
	bltz	$v1, ash_stop_budget
	move	$s5, $v1		/* delay slot */
	.endif
	lw	$k1, 24($sp)
	.irp	n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,25
	move	$\n, $zero
	.endr
	.if	\is_void
	move	$v0, $zero
	.endif
	mthi	$zero
	mtlo	$zero
	move	$sp, $k1
	li	$k0, ST_IM7 | ST_IE
	jr	$ra
	mtc0	$k0, Status		/* delay slot */
	.size	ash_stub_\name, . - ash_stub_\name
	.endm

	SERVICE wake, is_void=1
	SERVICE clock
	SERVICE pipe_in, is_paid=1
	SERVICE pipe_out, is_paid=1
	SERVICE send, is_paid=1
	SERVICE upcall, is_void=1
