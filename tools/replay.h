/*
 * replay.h - what `replay` counts, shared by its sending and reporting halves.
 */
#ifndef TOOLS_REPLAY_H
#define TOOLS_REPLAY_H

#include "bindings.h"
#include "capture.h"
#include "wire.h"

enum replay_failure {
	REPLAY_TOO_LONG,
	REPLAY_TOO_SHORT,
	REPLAY_MISSED, /* the NIC had no room */
	REPLAY_UNSEEN, /* sent, but the NIC never reported it */
	REPLAY_FAILURES,
};

struct replay {
	const struct args *a;
	struct session s;
	struct wire *wire;
	struct sp_info *before, *after; /* counters around the replay */
	uint64_t frames, bytes, sent, replies;
	uint64_t failed[REPLAY_FAILURES];
	uint64_t truncated;      /* sent as far as they were captured */
	struct capture_out *out; /* replies, or NULL */
	struct capture *want;    /* expected replies, or NULL */
	bool differs;            /* the first difference has been shown */
	double seconds;
};

/* Take a frame from the machine. */
void replay_reply(void *r, const uint8_t *frame, size_t n);

/* Are there expected replies that did not come? */
void replay_leftover(struct replay *r);

/* Print the result; STATUS_FAILED with one line if frames failed or differ. */
enum status replay_report(struct replay *r);

#endif /* TOOLS_REPLAY_H */
