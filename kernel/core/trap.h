/*
 * trap.h - vectors into place, and what exceptions mean.
 */
#ifndef KERNEL_CORE_TRAP_H
#define KERNEL_CORE_TRAP_H

#include <stdint.h>

/* Install the vectors; anything before this call that faults is lost. */
void trap_init(void);

/* From boot/vectors.S.  The context of the environment is complete. */
void exc_user(void);

/* From boot/vectors.S: the kernel itself faulted. */
_Noreturn void exc_kernel(
	uint32_t epc, uint32_t cause, uint32_t badvaddr, uint32_t ra);

#endif /* KERNEL_CORE_TRAP_H */
