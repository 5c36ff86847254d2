/*
 * vectors.S - everything that enters the kernel: refill, system call,
 * exception, interrupt.
 *
 * Linked where it runs: EBase points at the section's start, so the vectors
 * branch to what follows them.  Kernel code runs with Status 0 (kernel mode, EXL
 * clear, interrupts off) unless it says otherwise.  No entry trusts $sp or $gp of
 * what it interrupted; $k1 is the application's, and kept like any register but
 * where an exception is delivered and by system calls.  Every delay slot is
 * marked.
 */
#include "kernel/boot/frame.h"
#include "kernel/mips.h"

	.set	noat
	.set	noreorder

#define EntryLo0 $2
#define EntryLo1 $3
#define BadVAddr $8
#define EntryHi  $10
#define Status   $12
#define Cause    $13
#define EPC      $14

	.macro	EACH_TEMP what		/* what C may clobber, but $sp */
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,24,25,27,31
	\what	\n
	.endr
	.endm
	.macro	EACH_SAVED what		/* what C preserves */
	.irp	n, 16,17,18,19,20,21,22,23,28,30
	\what	\n
	.endr
	.endm
	.macro	CTX_KEEP n
	sw	$\n, CTX_REG(\n)($k0)
	.endm
	.macro	CTX_LOAD n
	lw	$\n, CTX_REG(\n)($k0)
	.endm
	.macro	IF_KEEP n
	sw	$\n, IF_REG(\n)($sp)
	.endm
	.macro	IF_LOAD n
	lw	$\n, IF_REG(\n)($sp)
	.endm
	.macro	CLEAR n
	move	$\n, $zero
	.endm

	.section .vectors, "ax"
	.globl	vectors
vectors:

/* --- TLB refill ------------------------------------------------------------ */
/*
 * In: EntryHi names the page pair.  Looks in the STLB; 19 instructions when it
 * is there.  Uses k0; $at is kept in DESAVE.
 */
	.org	VEC_REFILL
	.globl	vec_refill
	.type	vec_refill, @function
vec_refill:
	mfc0	$k0, EntryHi
	mtc0	$1, CP0_DESAVE
	srl	$1, $k0, 9		/* VPN2 * 16 */
	andi	$k0, $k0, 0xff
	sll	$k0, $k0, 8
	xor	$1, $1, $k0		/* spread by ASID */
	lui	$k0, STLB_ADDRESS >> 16
	ins	$k0, $1, 0, 16
	lw	$1, 4($k0)
	mtc0	$1, EntryLo0
	lw	$1, 8($k0)
	mtc0	$1, EntryLo1
	lw	$k0, 0($k0)
	mfc0	$1, EntryHi
	bne	$1, $k0, exc_entry
	mfc0	$1, CP0_DESAVE		/* delay slot */
	ehb
	tlbwr
	eret
	.size	vec_refill, . - vec_refill

/* --- general exceptions ------------------------------------------------------ */
/*
 * To the application's own handler in 24 instructions: user mode, its save area
 * not busy, a handler that does not want the kernel first.  Nothing is written to
 * an area that is busy.  Out: at, EPC, Cause and BadVAddr in the area, k1 its
 * address.
 */
	.org	VEC_GENERAL
	.globl	vec_general
	.type	vec_general, @function
vec_general:
	mtc0	$k1, CP0_DESAVE
	mfc0	$k0, Cause
	andi	$k0, $k0, CAUSE_CODE
	xori	$k0, $k0, EXC_SYSCALL << CAUSE_CODE_SHIFT
	beqz	$k0, syscall_entry
	mfc0	$k1, CP0_SAVE		/* delay slot */
	lw	$k0, SAVE_BUSY($k1)
	bltz	$k0, exc_slow
	mfc0	$k0, EPC		/* delay slot */
	bltz	$k0, exc_slow		/* the kernel's, or a wild jump */
	sw	$k0, SAVE_EPC($k1)	/* delay slot */
	sw	$1, SAVE_AT($k1)
	mfc0	$1, Cause
	sw	$1, SAVE_CAUSE($k1)
	andi	$1, $1, CAUSE_CODE
	addu	$1, $1, $k1
	lw	$1, SAVE_PC($1)
	mfc0	$k0, BadVAddr
	bltz	$1, exc_slow_at
	sw	$k0, SAVE_BADVADDR($k1)	/* delay slot */
	mtc0	$1, EPC
	sw	$k1, SAVE_BUSY($k1)
	ehb
	eret
	.size	vec_general, . - vec_general

/* --- interrupts (Cause.IV) ---------------------------------------------------- */
/*
 * The idle loop has nothing worth saving, and is what a quiet machine
 * interrupts: it gets the short way.
 */
	.org	VEC_IRQ
	.globl	vec_irq
	.type	vec_irq, @function
vec_irq:
	mtc0	$k1, CP0_DESAVE
	mfc0	$k0, EPC
	lui	$k1, %hi(idle_wait)
	addiu	$k1, $k1, %lo(idle_wait)
	ins	$k0, $zero, 0, IDLE_BYTES_LOG2
	bne	$k0, $k1, 1f
	mfc0	$k1, CP0_DESAVE		/* delay slot */
	mtc0	$zero, Status
	lui	$sp, %hi(irq_stack_top - 16)
	jal	irq_dispatch
	addiu	$sp, $sp, %lo(irq_stack_top - 16) /* delay slot */
	lui	$sp, %hi(sys_stack_top - 16)
	j	sched_run
	addiu	$sp, $sp, %lo(sys_stack_top - 16) /* delay slot */
1:	mfc0	$k0, Status
	andi	$k0, $k0, ST_UM
	bnez	$k0, irq_from_user
	mfc0	$k0, CP0_CURRENT	/* delay slot */
	lui	$k0, %hi(cpu)
	lw	$k0, %lo(cpu + CPU_ASH)($k0)
	beqz	$k0, irq_from_kernel
	nop				/* delay slot */
	j	ash_stop_timer
	nop				/* delay slot */
	.size	vec_irq, . - vec_irq

/* --- system calls ---------------------------------------------------------- */
/*
 * In: v0 = number.  The frame is at the top of the system-call stack.  C preserves
 * the caller's s-registers; every other register that carries no result is
 * cleared.  A call in a branch delay slot is not supported (it repeats).
 */
	.globl	syscall_entry
	.type	syscall_entry, @function
syscall_entry:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column 27		/* k1 stands for the interrupted pc */
	bltz	$v0, pct_entry
	lui	$k1, %hi(sys_stack_top - SF_BYTES) /* delay slot */
	addiu	$k1, $k1, %lo(sys_stack_top - SF_BYTES)
	sw	$sp, SF_SP($k1)
	sw	$ra, SF_RA($k1)
	mfc0	$k0, EPC
	addiu	$k0, $k0, 4
	sw	$k0, SF_EPC($k1)
	mtc0	$zero, Status
	move	$sp, $k1
	.cfi_def_cfa 29, SF_BYTES
	.cfi_offset 29, SF_SP - SF_BYTES
	.cfi_offset 31, SF_RA - SF_BYTES
	.cfi_offset 27, SF_EPC - SF_BYTES
	sltiu	$k0, $v0, SYSCALL_COUNT
	beqz	$k0, syscall_unknown
	sll	$k0, $v0, 2		/* delay slot */
	lui	$k1, %hi(syscall_table)
	addu	$k1, $k1, $k0
	lw	$k1, %lo(syscall_table)($k1)
	jalr	$k1
	nop				/* delay slot */
	.globl	syscall_return
syscall_return:
	lui	$k1, %hi(cpu)
	lw	$k0, %lo(cpu + CPU_RESCHED)($k1)
	bnez	$k0, syscall_resched
	lw	$k0, %lo(cpu + CPU_USER_STATUS)($k1) /* delay slot */
	mtc0	$k0, Status		/* EXL is set in it */
	lw	$k0, SF_EPC($sp)
	mtc0	$k0, EPC
	.irp	n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,24,25,27
	move	$\n, $zero
	.endr
	mthi	$zero
	mtlo	$zero
	lw	$ra, SF_RA($sp)
	lw	$sp, SF_SP($sp)
	ehb
	eret

syscall_unknown:
	jal	syscall_bad
	nop				/* delay slot */
	b	syscall_return
	nop				/* delay slot */

/* A slice ended during the call: keep the result, let the scheduler choose. */
syscall_resched:
	jal	syscall_keep
	nop				/* delay slot */
	j	sched_preempt
	nop				/* delay slot */

/*
 * syscall_switching - entry in syscall_table of calls after which somebody else
 * may run: put the context away first, then call as usual.
 */
	.globl	syscall_switching
syscall_switching:
	move	$t9, $ra
	jal	syscall_keep
	nop				/* delay slot */
	move	$ra, $t9
	sll	$k0, $v0, 2
	lui	$k1, %hi(syscall_switching_table)
	addu	$k1, $k1, $k0
	lw	$k1, %lo(syscall_switching_table)($k1)
	jr	$k1
	nop				/* delay slot */
	.cfi_endproc
	.size	syscall_entry, . - syscall_entry

/*
 * syscall_keep - make the running context complete: preserved registers and
 * $v0, the rest zero.  Uses at, k0, k1; $v0 and arguments stay.
 */
	.type	syscall_keep, @function
syscall_keep:
	mfc0	$k0, CP0_CURRENT
	lw	$k0, ENV_CTX($k0)
	.irp	n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,24,25,27
	sw	$zero, CTX_REG(\n)($k0)
	.endr
	sw	$zero, CTX_HI($k0)
	sw	$zero, CTX_LO($k0)
	EACH_SAVED CTX_KEEP
	CTX_KEEP 2
	/* The frame is always at the top of the stack, wherever $sp is now. */
	lui	$k1, %hi(sys_stack_top - SF_BYTES)
	addiu	$k1, $k1, %lo(sys_stack_top - SF_BYTES)
	lw	$1, SF_SP($k1)
	sw	$1, CTX_REG(29)($k0)
	lw	$1, SF_RA($k1)
	sw	$1, CTX_REG(31)($k0)
	lw	$1, SF_EPC($k1)
	jr	$ra
	sw	$1, CTX_EPC($k0)	/* delay slot */
	.size	syscall_keep, . - syscall_keep

/* --- exceptions the kernel looks at first ------------------------------------- */
/*
 * exc_slow_at: $at is in the save area; exc_slow: k1 is in DESAVE.
 * exc_entry: all is as it was but k0.  EXL set.
 */
	.type	exc_slow, @function
exc_slow_at:
	lw	$1, SAVE_AT($k1)
exc_slow:
	mfc0	$k1, CP0_DESAVE
	.globl	exc_entry
exc_entry:
	mfc0	$k0, Status
	andi	$k0, $k0, ST_UM
	beqz	$k0, exc_from_kernel
	mfc0	$k0, CP0_CURRENT	/* delay slot */
	lw	$k0, ENV_CTX($k0)
	EACH_TEMP CTX_KEEP
	EACH_SAVED CTX_KEEP
	CTX_KEEP 29
	mfhi	$t0
	mflo	$t1
	mfc0	$t2, EPC
	sw	$t0, CTX_HI($k0)
	sw	$t1, CTX_LO($k0)
	sw	$t2, CTX_EPC($k0)
	mtc0	$zero, Status
	lui	$sp, %hi(sys_stack_top - 16)
	jal	exc_user
	addiu	$sp, $sp, %lo(sys_stack_top - 16) /* delay slot */
	mfc0	$a0, CP0_CURRENT
	j	context_resume
	lw	$a0, ENV_CTX($a0)	/* delay slot */

exc_from_kernel:
	lui	$k1, %hi(cpu)
	lw	$k1, %lo(cpu + CPU_ASH)($k1)
	bnez	$k1, exc_from_handler
	mfc0	$k0, CP0_SAVE		/* delay slot */
	/* Our own bug.  Report from a stack that is surely good. */
	mfc0	$a0, EPC
	mfc0	$a1, Cause
	mfc0	$a2, BadVAddr
	move	$a3, $ra
	mtc0	$zero, Status
	lui	$sp, %hi(irq_stack_top - 16)
	j	exc_kernel
	addiu	$sp, $sp, %lo(irq_stack_top - 16) /* delay slot */

/* Where handlers fault is their owner's business: not in anybody's area. */
exc_from_handler:
	lw	$k1, SAVE_EPC($k0)
	mfc0	$1, EPC
	bne	$k1, $1, 1f
	nop				/* delay slot */
	sw	$zero, SAVE_EPC($k0)
1:	j	ash_stop_fault
	nop				/* delay slot */
	.size	exc_slow, . - exc_slow

/* --- interrupts of something worth keeping --------------------------------- */
/* In: k0 = who runs; EXL set. */
	.type	irq_from_user, @function
	.globl	irq_from_user
irq_from_user:
	lw	$k0, ENV_CTX($k0)
	EACH_TEMP CTX_KEEP
	CTX_KEEP 29
	mfhi	$t0
	mflo	$t1
	mfc0	$t2, EPC
	sw	$t0, CTX_HI($k0)
	sw	$t1, CTX_LO($k0)
	sw	$t2, CTX_EPC($k0)
	mtc0	$zero, Status
	lui	$sp, %hi(irq_stack_top - 16)
	jal	irq_dispatch_charged
	addiu	$sp, $sp, %lo(irq_stack_top - 16) /* delay slot */
	lui	$t1, %hi(cpu)
	lw	$t0, %lo(cpu + CPU_RESCHED)($t1)
	mfc0	$k0, CP0_CURRENT
	bnez	$t0, 1f
	lw	$k0, ENV_CTX($k0)	/* delay slot */
	lw	$t0, %lo(cpu + CPU_USER_STATUS)($t1)
	mtc0	$t0, Status		/* EXL is set in it */
	lw	$t0, CTX_HI($k0)
	lw	$t1, CTX_LO($k0)
	lw	$t2, CTX_EPC($k0)
	mthi	$t0
	mtlo	$t1
	mtc0	$t2, EPC
	EACH_TEMP CTX_LOAD
	CTX_LOAD 29
	move	$k0, $zero
	ehb
	eret
1:	EACH_SAVED CTX_KEEP
	lui	$sp, %hi(sys_stack_top - 16)
	j	sched_preempt
	addiu	$sp, $sp, %lo(sys_stack_top - 16) /* delay slot */
	.size	irq_from_user, . - irq_from_user

/* A long system call runs with interrupts on; it goes on afterwards. */
	.type	irq_from_kernel, @function
	.globl	irq_from_kernel
irq_from_kernel:
	move	$k0, $sp
	lui	$sp, %hi(irq_stack_top - IF_BYTES)
	addiu	$sp, $sp, %lo(irq_stack_top - IF_BYTES)
	EACH_TEMP IF_KEEP
	sw	$k0, IF_REG(29)($sp)
	mfhi	$t0
	mflo	$t1
	mfc0	$t2, EPC
	sw	$t0, IF_HI($sp)
	sw	$t1, IF_LO($sp)
	sw	$t2, IF_EPC($sp)
	jal	irq_dispatch_charged
	mtc0	$zero, Status		/* delay slot */
	lw	$t0, IF_HI($sp)
	lw	$t1, IF_LO($sp)
	mthi	$t0
	mtlo	$t1
	/* As it was, but for lines that were masked or allowed meanwhile. */
	lui	$t2, %hi(cpu + CPU_IDLE_STATUS)
	lw	$t2, %lo(cpu + CPU_IDLE_STATUS)($t2)
	ori	$t2, $t2, ST_IM7 | ST_EXL
	mtc0	$t2, Status
	lw	$t2, IF_EPC($sp)
	mtc0	$t2, EPC
	EACH_TEMP IF_LOAD
	lw	$sp, IF_REG(29)($sp)
	ehb
	eret
	.size	irq_from_kernel, . - irq_from_kernel

/* --- leaving the kernel ---------------------------------------------------- */
/* In: a0 = a context of the current environment; interrupts off. */
	.type	context_resume, @function
	.globl	context_resume
context_resume:
	lui	$k0, %hi(cpu + CPU_USER_STATUS)
	lw	$t0, %lo(cpu + CPU_USER_STATUS)($k0)
	move	$k0, $a0
	mtc0	$t0, Status		/* EXL is set in it */
	lw	$t0, CTX_HI($k0)
	lw	$t1, CTX_LO($k0)
	lw	$t2, CTX_EPC($k0)
	mthi	$t0
	mtlo	$t1
	mtc0	$t2, EPC
	EACH_TEMP CTX_LOAD
	EACH_SAVED CTX_LOAD
	CTX_LOAD 29
	move	$k0, $zero
	ehb
	eret
	.size	context_resume, . - context_resume

/* In: a0 = pc, a1 = stack (slice_enter: none).  All else starts at 0. */
	.type	context_start, @function
	.globl	context_start, slice_enter
slice_enter:
	move	$a1, $zero
context_start:
	lui	$k0, %hi(cpu + CPU_USER_STATUS)
	lw	$k0, %lo(cpu + CPU_USER_STATUS)($k0)
	move	$sp, $a1
	mtc0	$k0, Status		/* EXL is set in it */
	mtc0	$a0, EPC
	mthi	$zero
	mtlo	$zero
	EACH_TEMP CLEAR
	EACH_SAVED CLEAR
	move	$k0, $zero
	ehb
	eret
	.size	context_start, . - context_start

/*
 * Sleep with interrupts on.  An interrupt in the last four instructions goes to the
 * scheduler whatever it did, so nothing is lost between deciding and waiting.
 */
	.type	cpu_idle, @function
	.globl	cpu_idle, idle_wait
cpu_idle:
	lui	$sp, %hi(irq_stack_top - 16)
	addiu	$sp, $sp, %lo(irq_stack_top - 16)
	lui	$t0, %hi(cpu)
	lw	$t0, %lo(cpu + CPU_IDLE_STATUS)($t0)
	j	idle_wait
	nop				/* delay slot */
	.align	IDLE_BYTES_LOG2
idle_wait:
	mtc0	$t0, Status
	wait
	b	idle_wait
	nop				/* delay slot */
	.size	cpu_idle, . - cpu_idle
