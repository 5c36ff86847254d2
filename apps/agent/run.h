/*
 * run.h - judge the host's frames by installed filters, many at a time.
 */
#ifndef APPS_AGENT_RUN_H
#define APPS_AGENT_RUN_H

#include "answer.h"

/* AG_FILTER_RUN; P is 4-byte aligned.  Returns SP_OK or what the kernel says. */
int run_frames(const uint8_t *p, size_t len, struct answer *a) SP_MUST_CHECK;

#endif /* APPS_AGENT_RUN_H */
