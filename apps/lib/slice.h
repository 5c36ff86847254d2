/*
 * slice.h - the program's own ends and starts of slices.
 *
 * After slice_open() the kernel no longer saves what the program has in its
 * registers when a slice ends: the program does, and sees it happen.
 */
#ifndef APPS_LIB_SLICE_H
#define APPS_LIB_SLICE_H

#include <spindle/err.h>
#include <stdint.h>

/* The interrupted program; its pc is in the area (slice_epc). */
struct slice_keep {
	uint32_t reg[32];
	uint32_t hi, lo;
};

/*
 * slice_open - from now on AT_END runs at the end of each slice, AT_START at the
 * beginning of the next.
 *
 * Both may be NULL; they run on a small stack of their own.  AT_END and the saving
 * have a millisecond.  Returns SP_OK or as context_open().
 */
int slice_open(void (*at_end)(void), void (*at_start)(void)) SP_MUST_CHECK;

/* Back to slices that the kernel ends and begins. */
int slice_close(void) SP_MUST_CHECK;

/*
 * slice_yield - end the slice now, in favour of ENV (0: of nobody).
 *
 * What sys_yield() is to others, which would never return here; without
 * slice_open() it is that.  Returns SP_OK when there is a slice again, or
 * SP_ENOENT.
 */
int32_t slice_yield(uint32_t env);

#endif /* APPS_LIB_SLICE_H */
