/*
 * start.S - from the loader's jump to C: a stack, a clear bss, kernel_main().
 *
 * In: $a0 = 2, or -1 when a host listens to semihosting; $a1 argv table;
 * $a2 environment table (name, value pairs); $a3 bytes of low RAM.
 */
	.set	noreorder
	.section .text.start, "ax"
	.globl	_start
_start:
	la	$sp, sys_stack_top
	la	$t0, bss_begin
	la	$t1, bss_end
1:	beq	$t0, $t1, 2f
	addiu	$t0, $t0, 4	/* delay slot */
	b	1b
	sw	$zero, -4($t0)	/* delay slot */
2:	addiu	$sp, $sp, -16	/* o32: home space for a0-a3 */
	move	$ra, $zero	/* back-traces end here */
	j	kernel_main
	nop			/* delay slot */
