/*
 * judge.c - frames to installed native code in batches, verdicts back.
 *
 * As many frames as fit go into one request, or the request says where they lie in
 * the boot archive and what their checksum is.  What the answer has no verdict on
 * stays in the batch and goes with the next one, so nothing is lost silently.
 */
#include "judge.h"

#include "ctl_frame.h"

#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>

enum { HEAD = 8, FRAME_HEAD = sizeof(struct sp_run_frame) };

_Static_assert(
	4 + JUDGE_PACKED <= AG_MAX_PAYLOAD, "every frame fits into a request");

struct judge {
	struct ctl *ctl;
	enum sp_run_set set;
	bool packed;
	judge_heard_t heard;
	void *arg;
	uint64_t counts;
	struct frame frame[SP_RUN_MOST]; /* bytes lie in batch */
	size_t n;
	uint32_t offset; /* packed: of the first of them in the file */
	size_t bytes;    /* of batch */
	uint8_t batch[SP_RUN_MOST * JUDGE_PACKED];
	uint8_t request[AG_MAX_PAYLOAD], answer[AG_MAX_PAYLOAD];
	uint16_t ids[AG_MAX_PAYLOAD / 2];
};

struct judge *
judge_open(struct ctl *ctl, enum sp_run_set set, bool packed,
	judge_heard_t heard, void *arg)
{
	struct judge *j = xalloc(sizeof(*j));

	j->ctl = ctl;
	j->set = set;
	j->packed = packed;
	j->heard = heard;
	j->arg = arg;
	return j;
}

void
judge_rewind(struct judge *j)
{
	j->offset = 0;
}

static size_t
padded(size_t caplen)
{
	return FRAME_HEAD + ((caplen + 3) & ~(size_t)3);
}

size_t
judge_pack(const struct frame *f, uint8_t out[JUDGE_PACKED])
{
	size_t n = padded(f->caplen);

	le32_put(out, (uint32_t)f->wirelen);
	le32_put(out + 4, (uint32_t)f->caplen);
	memset(out + FRAME_HEAD, 0, n - FRAME_HEAD);
	memcpy(out + FRAME_HEAD, f->bytes, f->caplen);
	return n;
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
	memmove(j->batch, j->batch + gone, j->bytes);
	j->n -= done;
	memmove(j->frame, j->frame + done, j->n * sizeof(j->frame[0]));
	for (size_t i = 0; i < j->n; i++)
		j->frame[i].bytes -= gone;
	j->offset += (uint32_t)gone;
}

/* The batch to the agent, or where it finds it. */
static int
send(struct judge *j, size_t *got)
{
	size_t n = 4;

	le32_put(j->request, j->set);
	if (j->packed) {
		le32_put(j->request + 4, j->offset);
		le32_put(j->request + 8, (uint32_t)j->bytes);
		le32_put(j->request + 12, ctl_crc32(j->batch, j->bytes));
		n = 16;
	} else {
		memcpy(j->request + n, j->batch, j->bytes);
		n += j->bytes;
	}
	return ctl_call(j->ctl, j->packed ? AG_FILTER_RUN_FILE : AG_FILTER_RUN,
		j->request, n, j->answer, sizeof(j->answer), got);
}

/* One request; at least one frame is judged. */
static int
ask(struct judge *j)
{
	size_t got, at = HEAD, done;
	int err = ctl_breathe(j->ctl);

	if (err >= 0)
		err = send(j, &got);
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
	size_t room = j->packed ? sizeof(j->batch) : sizeof(j->request) - 4;
	struct frame *to;

	while (j->n == SP_RUN_MOST || padded(f->caplen) > room - j->bytes) {
		int err = ask(j);

		if (err < 0)
			return err;
	}
	to = &j->frame[j->n++];
	*to = *f;
	to->bytes = j->batch + j->bytes + FRAME_HEAD;
	j->bytes += judge_pack(f, j->batch + j->bytes);
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
