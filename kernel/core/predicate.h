/*
 * predicate.h - sleeping until memory says so (Xok's wakeup predicates).
 *
 * Checked and its frames pinned when the environment goes to sleep; afterwards
 * evaluated through kseg0, in no address space, whenever a slice of the sleeper
 * comes up.
 */
#ifndef KERNEL_CORE_PREDICATE_H
#define KERNEL_CORE_PREDICATE_H

#include "kernel/core/env.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * predicate_set - E, which runs, sleeps until P holds.
 *
 * Returns the tag of a clause that holds already (E does not sleep), SP_OK (it
 * sleeps, its result comes later), or
 *	SP_EINVAL	no terms or too many, unknown comparison, a tag that is not
 *			positive or whose terms do not stand together, a word that
 *			is not aligned
 *	SP_EFAULT	a word that E cannot read
 */
int predicate_set(struct env *e, const struct sp_predicate *p) SP_MUST_CHECK;

/* E sleeps: if its predicate holds it does so no longer; true then. */
bool predicate_wake(const struct env *e);

/* E sleeps: it does so no longer, and sleep_until returns 0. */
void predicate_interrupt(const struct env *e);

/* Whoever waits for a word of frame PFN, but KEEP, gets SP_EREVOKED instead. */
void predicate_break_frame(uint32_t pfn, const struct env *keep);

/* E ends, asleep or not. */
void predicate_forget_owner(const struct env *e);

#endif /* KERNEL_CORE_PREDICATE_H */
