/*
 * tape.c - read a capture over the control line.
 *
 * A record is given back only when the next request says that it has arrived, so
 * none is lost on the line; what does not fit on the tape meanwhile the kernel
 * counts.  Next: apps/agent/captures.c.
 */
#include "tape.h"

#include <spindle/bytes.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	COUNT_NS = 6,
	SYNCS = 4,      /* looks at both clocks; the quickest counts */
	NAME_MS = 1000, /* how long a name is believed */
};

static int64_t
wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Others may keep the machine busy for long; only its end is an end. */
static int
breathe(struct tape *t)
{
	int err;

	do
		err = ctl_breathe(t->s.ctl);
	while (err < 0 && machine_alive(&t->s.m));
	return err;
}

/* Records from T->tail on into T->answer behind the state; their bytes in *N. */
static int
ask(struct tape *t, size_t *n)
{
	uint8_t req[8];
	size_t got;
	int err = breathe(t);

	le32_put(req, t->slot);
	le32_put(req + 4, t->tail);
	if (err >= 0)
		err = ctl_call(t->s.ctl, AG_CAPTURE_READ, req, sizeof(req),
			t->answer, sizeof(t->answer), &got);
	if (err < 0)
		return err;
	if (got < sizeof(t->state))
		return CTL_STRANGE;
	memcpy(&t->state, t->answer, sizeof(t->state));
	*n = got - sizeof(t->state);
	return SP_OK;
}

/* --- begin -------------------------------------------------------------------- */

/* Both clocks at the same time, as nearly as the line allows. */
static int
synchronise(struct tape *t)
{
	int64_t best = INT64_MAX, from, took;
	size_t n;
	int err;

	for (int i = 0; i < SYNCS; i++) {
		from = wall_ns();
		err = ask(t, &n);
		took = wall_ns() - from;
		if (err < 0)
			return err;
		if (took >= best)
			continue;
		best = took;
		t->base_ns =
			from + took / 2 -
			COUNT_NS * (int64_t)((uint64_t)t->state.now[1] << 32 |
					     t->state.now[0]);
	}
	return SP_OK;
}

static enum status
take_slot(struct tape *t)
{
	char file[32];

	for (t->slot = 0; t->slot < AG_CAPTURES; t->slot++) {
		snprintf(file, sizeof(file), "capture.%u.lock", t->slot);
		t->lock = machine_lock(&t->s.m, file, 0);
		if (t->lock >= 0)
			return STATUS_OK;
	}
	return cli_fail(t->a,
		"%d captures run already, which is all there is "
		"room for",
		AG_CAPTURES);
}

enum status
tape_open(const struct args *a, const struct tape_wish *w, struct tape *t)
{
	struct ag_capture req = {
		.bytes = (uint32_t)w->filter->bytes,
		.in = w->in,
		.out = w->out,
		.snap = w->snap,
		.pages = w->pages,
	};
	enum status st;
	int err;

	memset(t, 0, sizeof(*t));
	t->a = a;
	t->lock = -1;
	st = session_open(a, &t->s);
	if (st == STATUS_OK)
		st = take_slot(t);
	if (st != STATUS_OK)
		return st;
	req.slot = t->slot;
	snprintf(req.name, sizeof(req.name), "capture.%u", t->slot);
	err = ctl_stage(t->s.ctl, 0, w->filter->blob, w->filter->bytes);
	if (err >= 0)
		err = ctl_call(t->s.ctl, AG_CAPTURE_OPEN, &req, sizeof(req),
			&t->state, sizeof(t->state), NULL);
	if (err >= 0)
		err = synchronise(t);
	return err < 0 ? session_fail(a, &t->s, "capturing", err) : STATUS_OK;
}

/* --- read ----------------------------------------------------------------------- */

/* The record at P of N bytes, or false: the machine is another version. */
static bool
parse(const struct tape *t, const uint8_t *p, size_t n, struct tape_frame *f)
{
	struct sp_record *r = &f->head;

	if (n < SP_RECORD_FRAME_AT)
		return false;
	memcpy(r, p, sizeof(*r));
	if (r->bytes > n || r->bytes < SP_RECORD_FRAME_AT ||
		r->bytes % 4 != 0 || r->kept > r->bytes - SP_RECORD_FRAME_AT)
		return false;
	f->bytes = p + SP_RECORD_FRAME_AT;
	f->ns = (uint64_t)(t->base_ns +
			   COUNT_NS * (int64_t)((uint64_t)r->time[1] << 32 |
						r->time[0]));
	return true;
}

int
tape_read(struct tape *t, tape_fn fn, void *arg, bool *more)
{
	struct tape_frame f;
	bool wanted = true;
	size_t n, at = 0;
	int err = ask(t, &n);

	*more = false;
	if (err < 0)
		return err;
	t->tail = t->state.tail; /* beyond a gap at the tape's end */
	for (; at < n && wanted; at += f.head.bytes) {
		if (!parse(t, t->answer + sizeof(t->state) + at, n - at, &f))
			return CTL_STRANGE;
		wanted = fn(arg, &f);
	}
	t->tail += (uint32_t)at;
	*more = t->state.head != t->tail;
	return SP_OK;
}

void
tape_rest(struct tape *t)
{
	ctl_pause(t->s.ctl);
}

/* N bytes at OFFSET of the machine's exposed state. */
static bool
look(struct tape *t, size_t offset, void *out, size_t n)
{
	uint8_t req[8];

	le32_put(req, (uint32_t)offset);
	le32_put(req + 4, (uint32_t)n);
	return ctl_ask(t->s.ctl, AG_INFO, req, sizeof(req), out, n) >= 0;
}

/* Who environment or binding WHO is now. */
static void
ask_name(struct tape *t, bool out, uint32_t who, char name[SP_NAME])
{
	struct sp_env_info env;
	struct sp_binding_info binding;
	uint32_t slot = who % (out ? SP_MAX_ENVS : SP_MAX_BINDINGS);

	memset(name, 0, SP_NAME);
	if (out &&
		look(t, offsetof(struct sp_info, env) + slot * sizeof(env),
			&env, sizeof(env)) &&
		env.id == who)
		memcpy(name, env.name, SP_NAME - 1);
	if (!out &&
		look(t,
			offsetof(struct sp_info, binding) +
				slot * sizeof(binding),
			&binding, sizeof(binding)) &&
		(binding.id & 0xffff) == who)
		memcpy(name, binding.name, SP_NAME - 1);
}

const char *
tape_name(struct tape *t, const struct sp_record *r)
{
	bool out = (r->flags & SP_RECORD_OUT) != 0;
	size_t at =
		(r->who * 2 + out) % (sizeof(t->names) / sizeof(t->names[0]));
	uint64_t now = now_ms();

	if (r->who == 0)
		return "";
	if (t->names[at].until_ms < now || t->names[at].who != r->who ||
		t->names[at].out != out) {
		ask_name(t, out, r->who, t->names[at].name);
		t->names[at].who = r->who;
		t->names[at].out = out;
		t->names[at].until_ms = now + NAME_MS;
	}
	return t->names[at].name;
}

/* --- end ------------------------------------------------------------------------ */

static int
tell(struct tape *t, enum ag_op op)
{
	uint8_t req[4];
	int err = breathe(t);

	le32_put(req, t->slot);
	return err < 0 ? err : ctl_ask(t->s.ctl, op, req, sizeof(req), NULL, 0);
}

int
tape_stop(struct tape *t)
{
	return tell(t, AG_CAPTURE_STOP);
}

bool
tape_close(struct tape *t)
{
	bool ended = true;

	if (t->s.ctl != NULL && t->lock >= 0)
		ended = tell(t, AG_CAPTURE_END) >= 0;
	session_close(&t->s);
	if (t->lock >= 0)
		close(t->lock);
	return ended;
}
