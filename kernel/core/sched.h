/*
 * sched.h - the timer, and what runs next.
 *
 * Slices come up in the order of their vector (slice.h), one per tick.  The CPU
 * idles without a tick when nobody can run.
 */
#ifndef KERNEL_CORE_SCHED_H
#define KERNEL_CORE_SCHED_H

#include "kernel/core/env.h"

#include <stdbool.h>
#include <stdint.h>

void sched_init(void);

/* E never runs again. */
void sched_remove(struct env *e);

/* E's state or active context has changed: may it run now? */
void sched_ready(const struct env *e);

/* Choose and run; interrupts off, the old context is complete. */
_Noreturn void sched_run(void);

/* Run E next, for the rest of this slice. */
_Noreturn void sched_run_env(struct env *e);

/* The timer interrupt.  timer_repair() after handlers have used Compare. */
bool timer_is_due(void);
void timer_tick(void);
void timer_repair(void);

/* Long system calls run with interrupts on between these two. */
void kernel_interruptible_begin(void);
void kernel_interruptible_end(void);

/* Which CPU lines (ST_IM*) may interrupt. */
void irq_allow(uint32_t lines);
void irq_forbid(uint32_t lines);
bool irq_is_allowed(uint32_t line);

/* Upcalls: run E's upcall entry as soon as the CPU leaves the kernel. */
void upcall_request(struct env *e);

/* Instead of an upcall that E wants but has not entered: an event. */
void upcall_cancel(struct env *e);

#endif /* KERNEL_CORE_SCHED_H */
