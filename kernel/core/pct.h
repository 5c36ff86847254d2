/*
 * pct.h - protected control transfer: calls, sends and returns between
 * environments, their registers being the message.
 *
 * A waiting caller and its callee name each other (ENV.calling, ENV.caller); the
 * scheduler runs the end of the chain in the slices of its beginning.
 */
#ifndef KERNEL_CORE_PCT_H
#define KERNEL_CORE_PCT_H

#include "kernel/core/env.h"

#include <stdint.h>

/*
 * From boot/pct.S: a request that is no ordinary transfer; the context of the
 * running environment is complete.  The context to go on with, of whoever is
 * current then.  What the caller of a refused request finds in $v0:
 *	SP_ENOENT	no such environment
 *	SP_EINVAL	itself; a return from what is no call; no such kind
 *	SP_EPERM	the callee has no entry for this kind
 *	SP_EBUSY	the callee serves, waits or is in an upcall
 */
const struct context *pct_slow(uint32_t request);

/* E dies: whoever waits for it goes on with SP_EKILLED, whom it waits for serves
 * nobody any more. */
void pct_forget(struct env *e);

void pct_audit(const struct env *e);

#endif /* KERNEL_CORE_PCT_H */
