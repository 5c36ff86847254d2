/*
 * run.h - judge the host's frames by installed filters, many at a time.
 */
#ifndef APPS_AGENT_RUN_H
#define APPS_AGENT_RUN_H

#include "answer.h"

/* AG_FILTER_RUN; P is 4-byte aligned.  Returns SP_OK or what the kernel says. */
int run_frames(const uint8_t *p, size_t len, struct answer *a) SP_MUST_CHECK;

/* AG_FILTER_RUN_FILE; the frames are read to STAGING, which has room for ROOM
 * bytes.  The same, or SP_ENOENT: there are no frames; SP_EINVAL: not so many;
 * SP_EFORMAT: they are others than the host thinks. */
int run_file(const uint8_t *p, uint8_t *staging, uint32_t room,
	struct answer *a) SP_MUST_CHECK;

#endif /* APPS_AGENT_RUN_H */
