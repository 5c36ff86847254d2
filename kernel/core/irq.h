/*
 * irq.h - the CPU's interrupt lines, and which environment serves them.
 *
 * The NIC (line 2) and the timer (line 7) are the kernel's; the CBUS UART
 * (line 4) is bound to whoever holds the right.
 */
#ifndef KERNEL_CORE_IRQ_H
#define KERNEL_CORE_IRQ_H

#include "kernel/core/env.h"
#include "kernel/mips.h"

#include <spindle/err.h>
#include <stdint.h>

/* The NIC's lines: its own, and the one that stands for frames left over. */
#define IRQ_NIC (ST_IM1 | ST_IM2)

/* Returns SP_OK, SP_EINVAL (no such line), SP_EBUSY (somebody else's). */
int irq_bind(struct env *e, uint32_t line) SP_MUST_CHECK;
/* Let it interrupt again.  SP_OK, SP_EINVAL or SP_EPERM. */
int irq_ack(const struct env *e, uint32_t line) SP_MUST_CHECK;

void irq_forget_owner(const struct env *e);

/* From boot/vectors.S, interrupts off, on the interrupt stack. */
void irq_dispatch(void);

/* The same when somebody was interrupted: what it does for others is charged to
 * them. */
void irq_dispatch_charged(void);

/* Let the NIC interrupt again if it had used up its credit: a slice has ended, or
 * nobody wants the CPU. */
void irq_resume_nic(void);

#endif /* KERNEL_CORE_IRQ_H */
