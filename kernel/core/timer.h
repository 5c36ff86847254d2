/*
 * timer.h - two deadlines on one CP0 Compare: the clock's next tick and the end
 * of the running slice.
 *
 * A slice is a whole tick from its own beginning, wherever the clock stands:
 * whoever gives up early cannot leave a stump to the next.
 */
#ifndef KERNEL_CORE_TIMER_H
#define KERNEL_CORE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TICK_COUNTS = 1666667, /* 10 ms at 6 ns a count */
};

/* The clock ticks from now on. */
void timer_start(void);
void timer_stop(void);

/* A slice of COUNTS, at most a tick, begins now, and the clock ticks. */
void timer_slice_begin(uint32_t counts);

/* The same, a whole tick, unless one goes on. */
void timer_run(void);

/* It has ended, but goes on for COUNTS, at most a tick. */
void timer_slice_grace(uint32_t counts);

/* The running slice ends COUNTS later than it would have. */
void timer_slice_extend(uint32_t counts);

/* By how much it is over, 0 if it is not. */
uint32_t timer_slice_late(void);

/* How long it has gone on since its end was known, as it does while the kernel
 * serves a long call. */
uint32_t timer_slice_ignored(void);

/* Has it ended? */
bool timer_slice_is_over(void);

/* Interrupt code: is a deadline due (Compare also stands behind handlers)?  If
 * so, timer_fire() returns true when the clock ticked. */
bool timer_is_due(void);
bool timer_fire(void);

/*
 * Count that does not wrap: 64 bits, six nanoseconds each.  True as long as the
 * clock is kept, which makes it tick while nobody runs.
 */
uint64_t timer_clock(void);
void timer_keep(bool on);
bool timer_is_kept(void);

/* Handlers have used Compare. */
void timer_repair(void);

#endif /* KERNEL_CORE_TIMER_H */
