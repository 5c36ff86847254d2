/*
 * revoke.h - taking resources back from those who have them: visibly, with a
 * deadline, then by force.
 *
 * What is wanted of an environment stands in its area, as an event and as an
 * exception; which page, slice, ring or filter goes is its own choice until the
 * deadline.  What the kernel then takes itself stands in the repossession vector.
 * Nothing ends but the binding: the environment lives.
 */
#ifndef KERNEL_CORE_REVOKE_H
#define KERNEL_CORE_REVOKE_H

#include "kernel/core/env.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>

/*
 * revoke_request - somebody who may wants R back from E.
 *
 * A second request for the same resource is added to the first, and the earlier
 * deadline holds for both.  Returns SP_OK or SP_EINVAL (nothing, no such
 * resource, a deadline that cannot be told from the past).
 */
int revoke_request(struct env *e, const struct sp_revoke *r) SP_MUST_CHECK;

/* Is anything wanted of anybody?  Then the tick goes on. */
bool revoke_is_pending(void);

/* From timer_tick(). */
void revoke_tick(void);

/* Is there something to do now? */
bool revoke_is_due(void);

/* Do it: tell owners, take what is overdue.  From sched_run(), every context
 * complete, on the system-call stack; interrupts are on meanwhile. */
void revoke_work(void);

/* E dies: nothing is wanted of it any more. */
void revoke_forget_owner(const struct env *e);

#endif /* KERNEL_CORE_REVOKE_H */
