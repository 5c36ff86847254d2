/*
 * judge.c - frames to installed native code in batches, verdicts back.
 *
 * As many frames as fit go into one request.  What the answer has no verdict on
 * stays in the batch and goes with the next one, so nothing is lost silently.
 */
#include "judge.h"

#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>

enum { HEAD = 8, FRAME_HEAD = sizeof(struct sp_run_frame) };

_Static_assert(4 + FRAME_HEAD + SP_RUN_LONGEST + 3 <= AG_MAX_PAYLOAD,
	"every frame fits into a request");

struct judge {
	struct ctl *ctl;
	judge_heard_t heard;
	void *arg;
	uint64_t counts;
	struct frame frame[SP_RUN_MOST]; /* bytes lie in request */
	size_t n;
	size_t bytes; /* of request */
	uint8_t request[AG_MAX_PAYLOAD], answer[AG_MAX_PAYLOAD];
	uint16_t ids[AG_MAX_PAYLOAD / 2];
};

struct judge *
judge_open(struct ctl *ctl, enum sp_run_set set, judge_heard_t heard, void *arg)
{
	struct judge *j = xalloc(sizeof(*j));

	j->ctl = ctl;
	j->heard = heard;
	j->arg = arg;
	le32_put(j->request, set);
	j->bytes = 4;
	return j;
}

static size_t
padded(size_t caplen)
{
	return FRAME_HEAD + ((caplen + 3) & ~(size_t)3);
}

/* Report the verdict in the N bytes at P; returns its length, 0: there is none. */
static size_t
hear(struct judge *j, const struct frame *f, const uint8_t *p, size_t n)
{
	size_t ids = n >= 2 ? le16_get(p) : 0;

	if (n < 2 || ids > (n - 2) / 2)
		return 0;
	for (size_t i = 0; i < ids; i++)
		j->ids[i] = le16_get(p + 2 + 2 * i);
	j->heard(j->arg, f, j->ids, ids);
	return 2 + 2 * ids;
}

/* The first DONE frames have been judged: forget them. */
static void
forget(struct judge *j, size_t done)
{
	size_t gone = 0;

	for (size_t i = 0; i < done; i++)
		gone += padded(j->frame[i].caplen);
	j->bytes -= gone;
	memmove(j->request + 4, j->request + 4 + gone, j->bytes - 4);
	j->n -= done;
	memmove(j->frame, j->frame + done, j->n * sizeof(j->frame[0]));
	for (size_t i = 0; i < j->n; i++)
		j->frame[i].bytes -= gone;
}

/* One request; at least one frame is judged. */
static int
ask(struct judge *j)
{
	size_t got, at = HEAD, done;
	int err = ctl_breathe(j->ctl);

	if (err >= 0)
		err = ctl_call(j->ctl, AG_FILTER_RUN, j->request, j->bytes,
			j->answer, sizeof(j->answer), &got);
	if (err < 0)
		return err;
	done = got >= HEAD ? le32_get(j->answer) : 0;
	if (done == 0 || done > j->n)
		return CTL_STRANGE;
	j->counts += le32_get(j->answer + 4);
	for (size_t i = 0; i < done; i++) {
		size_t n = hear(j, &j->frame[i], j->answer + at, got - at);

		if (n == 0)
			return CTL_STRANGE;
		at += n;
	}
	forget(j, done);
	return SP_OK;
}

int
judge_frame(struct judge *j, const struct frame *f)
{
	struct frame *to;
	uint8_t *at;

	while (j->n == SP_RUN_MOST ||
		padded(f->caplen) > sizeof(j->request) - j->bytes) {
		int err = ask(j);

		if (err < 0)
			return err;
	}
	to = &j->frame[j->n++];
	at = j->request + j->bytes;
	le32_put(at, (uint32_t)f->wirelen);
	le32_put(at + 4, (uint32_t)f->caplen);
	memset(at + FRAME_HEAD, 0, padded(f->caplen) - FRAME_HEAD);
	memcpy(at + FRAME_HEAD, f->bytes, f->caplen);
	*to = *f;
	to->bytes = at + FRAME_HEAD;
	j->bytes += padded(f->caplen);
	return SP_OK;
}

int
judge_flush(struct judge *j)
{
	while (j->n > 0) {
		int err = ask(j);

		if (err < 0)
			return err;
	}
	return SP_OK;
}

uint64_t
judge_counts(const struct judge *j)
{
	return j->counts;
}

void
judge_close(struct judge *j)
{
	free(j);
}
