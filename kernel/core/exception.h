/*
 * exception.h - where and how the kernel enters an application.
 */
#ifndef KERNEL_CORE_EXCEPTION_H
#define KERNEL_CORE_EXCEPTION_H

#include "kernel/core/env.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdint.h>

/*
 * context_set - replace all that is known of how to enter E.
 *
 * Returns SP_OK, or
 *	SP_EINVAL	an address that is not aligned or not the user's; slice
 *			entries without an area
 *	SP_EFAULT	no guaranteed mapping lets E write to its area
 *	SP_EPERM	the frame is not E's own
 *	SP_EBUSY	its area would go away in the middle of an exception, a
 *			call or an upcall
 */
int context_set(struct env *e, const struct sp_context *c) SP_MUST_CHECK;

/* The frame goes away: whose area it is has none any more.  E dies. */
void context_break_frame(uint32_t pfn);
void context_forget_owner(struct env *e);

void context_audit(const struct env *e);

/*
 * exception_deliver - make E go on in its handler of CODE (enum EXC_*, SP_EXC_*).
 *
 * Its active context is complete; whether it may run is the caller's business.
 * Returns SP_OK, or
 *	SP_ENOENT	it has no such handler
 *	SP_EBUSY	it has not ended its last exception, or waits for a callee
 */
int exception_deliver(struct env *e, uint32_t code, uint32_t cause,
	uint32_t badvaddr) SP_MUST_CHECK;

#endif /* KERNEL_CORE_EXCEPTION_H */
