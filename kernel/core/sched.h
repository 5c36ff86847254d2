/*
 * sched.h - what runs next.
 *
 * Slices come up in the order of their vector (slice.h).  The CPU idles without
 * a tick (timer.h) when nobody can run.
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

/* The running environment has given up or is gone: choose and run.  Interrupts
 * off, the old context is complete. */
_Noreturn void sched_run(void);

/* It has only been interrupted: it goes on unless its slice is over. */
_Noreturn void sched_preempt(void);

/* E runs, in the slice that goes on. */
_Noreturn void sched_run_env(struct env *e);

/* It yields: to E, who has the rest of this slice, or NULL. */
_Noreturn void sched_yield(struct env *e);

/* Its upcall is done; the level below goes on. */
_Noreturn void sched_upcall_done(void);

/* E has used COUNTS that were not its own, or has another overrun to pay for. */
void sched_owe(const struct env *e, uint32_t counts);

/* Does E owe a slice or more? */
bool sched_owes(const struct env *e);

/*
 * Interrupt code worked COUNTS (of CP0 Count) for WHOM, NULL for nobody, while
 * somebody else had the CPU, whose slice is longer by that.
 */
void sched_charge(const struct env *whom, uint32_t counts);

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
