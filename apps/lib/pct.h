/*
 * pct.h - protected control transfer for C: the registers are the message.
 *
 * A call runs the callee in the caller's slice until it answers; a send gives it
 * the rest of the slice and waits for nothing.
 */
#ifndef APPS_LIB_PCT_H
#define APPS_LIB_PCT_H

#include <spindle/abi.h>
#include <spindle/err.h>

enum { PCT_WORDS = 8 }; /* in $a0-$a3, $t0-$t3 */

struct pct_message {
	uint32_t word[PCT_WORDS];
};

/*
 * pct_call - send *M to ENV and wait; its answer replaces *M.
 *
 * Believes nothing: all registers are saved here, and those that are no message
 * are clear for the callee.  Returns SP_OK or, with *M unspecified, what the
 * kernel says: SP_ENOENT, SP_EBUSY (it accepts no call now), SP_EKILLED.
 */
int32_t pct_call(uint32_t env, struct pct_message *m) SP_MUST_CHECK;

/* The same to a callee that is trusted to keep $s0-$s7, $gp, $sp, $fp and $ra,
 * as pct_serve() does. */
int32_t pct_call_trusting(uint32_t env, struct pct_message *m) SP_MUST_CHECK;

/* Send *M to ENV, which runs in the rest of this slice.  Returns SP_OK or as
 * pct_call(). */
int32_t pct_send(uint32_t env, const struct pct_message *m) SP_MUST_CHECK;

/*
 * pct_serve - from now on CALL answers synchronous calls and SEND takes what is
 * sent; either may be NULL: refused.
 *
 * CALLER is the kernel's word; what CALL leaves in *M is the answer.  They run
 * one at a time, between what app_main() does, on a stack of their own, and may
 * call others.  Returns SP_OK or as context_open().
 */
int pct_serve(void (*call)(uint32_t caller, struct pct_message *m),
	void (*send)(uint32_t caller, struct pct_message *m)) SP_MUST_CHECK;

#endif /* APPS_LIB_PCT_H */
