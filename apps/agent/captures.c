/*
 * captures.c - tapes of the kernel, read by the host in pieces.
 *
 * The host says up to where it has got everything, so an answer that is lost on
 * the line costs nothing: it is asked for again.  Whoever asks no more has gone.
 */
#include "captures.h"

#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/syscall.h"
#include "frames.h"

#include <stddef.h>

enum {
	TICKS_A_SECOND = 100,
	PAGES_MOST = SP_TAPE_PAGES - 1,
	IN = 0,
	OUT = 1,
};

struct capture {
	struct frames frames; /* the tape: control page, then data */
	uint32_t ring;        /* 0: none */
	uint32_t bytes;
	uint32_t binding[2]; /* 0: none */
	struct frames blob;
	uint32_t blob_bytes;
	uint32_t accepted[2], dropped[2];
	uint32_t read_at; /* sp_info.ticks; the clock is kept while it exists */
	uint32_t count, now[2];
};

static struct capture table[AG_CAPTURES];

static struct capture *
find(uint32_t slot)
{
	return slot < AG_CAPTURES && table[slot].frames.count > 0 ? &table[slot]
								  : NULL;
}

/* --- counters ----------------------------------------------------------------- */

static const struct sp_binding_info *
binding_info(uint32_t id)
{
	return &app_info()->binding[(id & 0xffff) % SP_MAX_BINDINGS];
}

static bool
is_bound(uint32_t id)
{
	return binding_info(id)->id == id;
}

/* What the binding counted, in the numbers of C. */
static void
count(struct capture *c, int way)
{
	const struct sp_binding_info *b = binding_info(c->binding[way]);

	c->accepted[way] = b->packets;
	c->dropped[way] = b->dropped[SP_DROP_RING_FULL];
}

/* The entry of what was unbound says what it counted last, until it is used
 * anew. */
static void
unbind(struct capture *c, int way)
{
	uint32_t id = c->binding[way];

	if (id == 0)
		return;
	if (is_bound(id))
		count(c, way);
	if (sys_unbind(0, id) == SP_OK && binding_info(id)->id == 0)
		count(c, way);
	c->binding[way] = 0;
}

static void
stop(struct capture *c)
{
	unbind(c, IN);
	unbind(c, OUT);
}

static void
end(struct capture *c)
{
	stop(c);
	if (c->ring != 0)
		(void)sys_ring_destroy(0, c->ring);
	frames_free(&c->frames);
	frames_free(&c->blob);
	memset(c, 0, sizeof(*c));
}

/* --- begin -------------------------------------------------------------------- */

/* C's clock goes on; it is asked more often than Count wraps. */
static void
tell_time(struct capture *c)
{
	uint32_t now = sys_count(), before = c->now[0];

	c->now[0] += now - c->count;
	c->now[1] += c->now[0] < before;
	c->count = now;
}

static int
make_tape(struct capture *c, uint32_t pages)
{
	struct sp_tape tape;
	int err = frames_alloc(&c->frames, pages + 1);

	if (err < 0)
		return err;
	err = sys_ring_create(0, 0, c->frames.pfn, (pages + 1) | SP_TAPE);
	if (err < 0)
		return err;
	c->ring = (uint32_t)err;
	c->bytes = pages * SP_PAGE;
	err = frames_read(c->frames.pfn, 0, &tape, sizeof(tape));
	memcpy(c->now, tape.time, sizeof(c->now));
	c->count = tape.time[0];
	return err;
}

static int
bind(struct capture *c, int way, const struct ag_capture *req, const void *blob)
{
	struct sp_bind b = {
		.target = SP_TO_CAPTURE,
		.object = c->ring,
		.ring = req->snap,
		.flags = way == OUT ? SP_BIND_OUT : 0,
		.blob_va = sys_addr(blob),
		.blob_bytes = req->bytes,
	};
	int err;

	memcpy(b.name, req->name, SP_NAME);
	memcpy(b.name + str_len(b.name, SP_NAME), way == OUT ? "-out" : "-in",
		way == OUT ? 4 : 3);
	do
		err = sys_bind(0, &b);
	while (err == SP_EAGAIN);
	if (err < 0)
		return err;
	c->binding[way] = (uint32_t)err;
	return SP_OK;
}

static int
begin(struct capture *c, const struct ag_capture *req, const void *blob)
{
	int err = make_tape(c, req->pages);

	if (err == SP_OK)
		err = frames_alloc(&c->blob, frames_for(req->bytes));
	if (err == SP_OK)
		err = frames_write(c->blob.pfn, 0, blob, req->bytes);
	c->blob_bytes = req->bytes;
	if (err == SP_OK && req->out != 0)
		err = bind(c, OUT, req, blob);
	if (err == SP_OK && req->in != 0)
		err = bind(c, IN, req, blob);
	c->read_at = app_info()->ticks;
	return err;
}

static int
explain(int err, struct answer *a)
{
	switch (err) {
	case SP_ENOMEM:
		return refuse(a, err, "no memory for such a buffer");
	case SP_EFULL:
		return refuse(a, err,
			"others watch already: a smaller snap "
			"length may fit");
	default:
		return err;
	}
}

int
capture_open(const struct ag_capture *req, const void *blob, struct answer *a)
{
	struct capture *c;
	int err;

	if (req->slot >= AG_CAPTURES || !name_is_good(req->name) ||
		str_len(req->name, SP_NAME) > SP_NAME - 5)
		return SP_EINVAL;
	if ((req->in | req->out) == 0 || req->snap - 1 >= SP_SNAP_MAX)
		return refuse(a, SP_EINVAL, "no direction, or nothing to keep");
	if (req->pages - 1 >= PAGES_MOST ||
		(req->pages & (req->pages - 1)) != 0)
		return refuse(a, SP_EINVAL,
			"the buffer has 1 to %u pages, a "
			"power of two of them",
			PAGES_MOST);
	c = &table[req->slot];
	end(c);
	err = begin(c, req, blob);
	if (err == SP_OK)
		err = capture_read(req->slot, 0, a);
	if (err == SP_OK)
		return SP_OK;
	end(c);
	return explain(err, a);
}

/* --- read ----------------------------------------------------------------------- */

/* Of the N bytes at P, how many are whole records? */
static uint32_t
whole(const uint8_t *p, uint32_t n)
{
	uint32_t at = 0;

	while (n - at >= 4) {
		uint32_t bytes;

		memcpy(&bytes, p + at, sizeof(bytes));
		if ((bytes & SP_RECORD_SKIP) != 0 || bytes - 4 > n - at - 4)
			break;
		at += bytes;
	}
	return at;
}

/* Append whole records from T->tail on, which moves past the end of the tape if
 * nothing but that is there. */
static int
put_records(const struct capture *c, struct ag_tape *t, uint8_t *to,
	uint32_t room, uint32_t *got)
{
	for (;;) {
		uint32_t at = t->tail & (c->bytes - 1), skip;
		uint32_t n = t->head - t->tail;

		n = n < c->bytes - at ? n : c->bytes - at;
		n = n < room ? n : room;

		int err = frames_read(c->frames.pfn + 1, at, to, n);

		if (err < 0)
			return err;
		*got = whole(to, n);
		memcpy(&skip, to, sizeof(skip));
		if (*got > 0 || n < sizeof(skip) ||
			(skip & SP_RECORD_SKIP) == 0)
			return SP_OK;
		t->tail += skip & ~SP_RECORD_SKIP;
	}
}

int
capture_read(uint32_t slot, uint32_t tail, struct answer *a)
{
	struct capture *c = find(slot);
	struct sp_tape tape;
	struct ag_tape t = { .tail = tail };
	uint32_t got = 0;
	int err;

	if (c == NULL)
		return SP_ENOENT;
	for (int way = IN; way <= OUT; way++) {
		if (c->binding[way] != 0 && !is_bound(c->binding[way]))
			return SP_EREVOKED;
		if (c->binding[way] != 0)
			count(c, way);
	}
	err = frames_read(c->frames.pfn, 0, &tape, sizeof(tape));
	if (err < 0)
		return err;
	if (tape.head - tail > tape.head - tape.tail)
		return SP_EINVAL;
	err = frames_write(c->frames.pfn, offsetof(struct sp_tape, tail), &tail,
		sizeof(tail));
	t.head = tape.head;
	t.bytes = c->bytes;
	if (err == SP_OK)
		err = put_records(c, &t, a->data + a->len + sizeof(t),
			ANSWER_ROOM - a->len - sizeof(t), &got);
	if (err < 0)
		return err;
	c->read_at = app_info()->ticks;
	tell_time(c);
	memcpy(t.now, c->now, sizeof(t.now));
	memcpy(t.accepted, c->accepted, sizeof(t.accepted));
	memcpy(t.dropped, c->dropped, sizeof(t.dropped));
	answer_put(a, &t, sizeof(t));
	a->len += got;
	return SP_OK;
}

int
capture_blob(const char *name, uint32_t off, struct answer *a)
{
	for (uint32_t i = 0; i < AG_CAPTURES; i++)
		for (int way = IN; way <= OUT; way++) {
			const struct capture *c = &table[i];
			uint32_t id = c->binding[way];

			if (id != 0 && is_bound(id) &&
				str_equal(binding_info(id)->name, name))
				return frames_answer(
					&c->blob, c->blob_bytes, off, a);
		}
	return SP_ENOENT;
}

/* --- end ------------------------------------------------------------------------ */

int
capture_stop(uint32_t slot)
{
	struct capture *c = find(slot);

	if (c == NULL)
		return SP_ENOENT;
	stop(c);
	return SP_OK;
}

int
capture_end(uint32_t slot)
{
	struct capture *c = find(slot);

	if (c == NULL)
		return SP_ENOENT;
	end(c);
	return SP_OK;
}

void
captures_expire(void)
{
	const uint32_t most = AG_CAPTURE_SECONDS * TICKS_A_SECOND;

	for (uint32_t i = 0; i < AG_CAPTURES; i++)
		if (find(i) != NULL &&
			app_info()->ticks - table[i].read_at > most)
			end(&table[i]);
}
