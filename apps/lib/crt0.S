/*
 * crt0.S - where a program begins.
 *
 * In: $a0, $a1 as app_main() wants them, $sp the top of the stack; .bss is
 * clear.  Out: never; lib_start() (start.c) does not return.
 */
	.set	noreorder

	.section .text.start, "ax"
	.globl	_start
	.ent	_start
_start:
	addiu	$sp, $sp, -32		/* o32: room for the callee's $a0-$a3 */
	move	$fp, $zero
	j	lib_start
	 move	$ra, $zero		/* back-traces end here */
	.end	_start
