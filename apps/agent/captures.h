/*
 * captures.h - what somebody at the other end of the control line watches.
 */
#ifndef APPS_AGENT_CAPTURES_H
#define APPS_AGENT_CAPTURES_H

#include "agent.h"
#include "answer.h"

#include <spindle/err.h>

/*
 * capture_open - end what is in the request's slot and watch the filter at BLOB
 * instead; struct ag_tape follows the result.  Returns SP_OK, or a code with the
 * reason in A.
 */
int capture_open(const struct ag_capture *req, const void *blob,
	struct answer *a) SP_MUST_CHECK;

/* What lies before TAIL is given back; records from there on follow.  Returns
 * SP_OK, SP_ENOENT, SP_EINVAL (TAIL is not where it can be) or SP_EREVOKED. */
int capture_read(uint32_t slot, uint32_t tail, struct answer *a) SP_MUST_CHECK;

/* Append the bytes of the filter called NAME from OFF on, as filter_blob(). */
int capture_blob(
	const char *name, uint32_t off, struct answer *a) SP_MUST_CHECK;

/* No more frames; what waits can still be read.  SP_OK or SP_ENOENT. */
int capture_stop(uint32_t slot) SP_MUST_CHECK;
int capture_end(uint32_t slot) SP_MUST_CHECK;

/* End those that nobody has read for long. */
void captures_expire(void);

#endif /* APPS_AGENT_CAPTURES_H */
