/*
 * hands.c - binds, unbinds and sends what frames of its own type tell it to.
 *
 * Argument 1: that Ethernet type, in hex.  A request (hands.py) is answered by a
 * frame; every other frame that comes to its ring is counted, so a test knows
 * what was given to whom.
 */
#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"
#include "dpf/dpf.h"

#include <spindle/bytes.h>

enum { TYPE_AT = 12, HEAD_AT = 16, DATA_AT = HEAD_AT + 16, ANSWER_MAX = 512 };

enum op {
	OP_COUNT, /* how many frames were no requests */
	OP_STAGE,
	OP_BIND,
	OP_FLOW,
	OP_UNBIND,
	OP_DROP,
	OP_SEND,
	OP_MINE, /* its flow */
};

/* What stands at HEAD_AT of a request, and of its answer. */
struct request {
	uint32_t serial;
	uint32_t op; /* enum op; in the answer: its result */
	uint32_t arg;
	uint32_t bytes; /* in the answer: ticks of CP0 Count it took */
};

static uint8_t staged[DPF_BLOB_MAX] __attribute__((aligned(8)));
static uint8_t frame[SP_RING_SLOT] __attribute__((aligned(4)));
static uint32_t others; /* frames that were no requests */

static uint32_t
hex(const char *s)
{
	uint32_t v = 0;

	for (; *s != '\0'; s++)
		v = v * 16 + ((uint32_t)*s & 15) + (*s > '9' ? 9 : 0);
	return v;
}

static int32_t
my_flow(void)
{
	uint32_t self = (uint32_t)sys_self();

	for (uint32_t i = 0; i < SP_MAX_FLOWS; i++)
		if (app_info()->flow[i].id != 0 &&
			app_info()->flow[i].owner == self)
			return (int32_t)app_info()->flow[i].id;
	return SP_ENOENT;
}

/* CAP: the slot that opens the flow. */
static int32_t
bind(uint32_t cap, struct sp_bind *b, struct sp_clash *clash)
{
	memcpy(b, frame + DATA_AT, sizeof(*b));
	b->blob_va += sys_addr(staged);
	b->clash_va = sys_addr(clash);
	if (b->object == 0)
		b->object = ring_get()->id;
	return sys_bind(cap, b);
}

static int32_t
derive(struct sp_flow *f, struct sp_clash *clash)
{
	memcpy(f, frame + DATA_AT, sizeof(*f));
	f->blob_va += sys_addr(staged);
	f->clash_va = sys_addr(clash);
	return sys_flow_derive(APP_CAP_SELF, f);
}

static int32_t
perform(const struct request *r, struct sp_clash *clash)
{
	struct sp_piece piece = { sys_addr(staged), r->arg };
	struct sp_bind b;
	struct sp_flow f;

	switch (r->op) {
	case OP_COUNT:
		return (int32_t)others;
	case OP_STAGE:
		if (r->arg > sizeof(staged) ||
			r->bytes > sizeof(staged) - r->arg)
			return SP_EINVAL;
		memcpy(staged + r->arg, frame + DATA_AT, r->bytes);
		return SP_OK;
	case OP_BIND:
		return bind(r->arg, &b, clash);
	case OP_FLOW:
		return derive(&f, clash);
	case OP_UNBIND:
		return sys_unbind(APP_CAP_SELF, r->arg);
	case OP_DROP:
		return sys_flow_drop(APP_CAP_SELF, r->arg);
	case OP_SEND:
		return sys_net_send(APP_CAP_SELF, &piece, 1);
	case OP_MINE:
		return my_flow();
	default:
		return SP_ENOSYS;
	}
}

/* FRAME holds a request: do it and send the answer back. */
static void
answer(void)
{
	static uint8_t out[ANSWER_MAX] __attribute__((aligned(4)));
	struct sp_piece piece = { sys_addr(out), ANSWER_MAX };
	struct sp_clash clash;
	struct request r;

	memset(&clash, 0, sizeof(clash));
	memcpy(&r, frame + HEAD_AT, sizeof(r));

	uint32_t from = sys_count();
	int32_t result;

	do
		result = perform(&r, &clash);
	while (result == SP_EAGAIN);
	r.op = (uint32_t)result;
	r.bytes = sys_count() - from;
	memcpy(out, frame + 6, 6);
	memcpy(out + 6, app_info()->nic.mac, 6);
	memcpy(out + TYPE_AT, frame + TYPE_AT, 2);
	memcpy(out + HEAD_AT, &r, sizeof(r));
	memcpy(out + DATA_AT, &clash, sizeof(clash));
	(void)sys_net_send(APP_CAP_SELF, &piece, 1);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t type = a0 > 1 ? hex(app_arg(a1, 1)) : 0;
	struct sp_ring *r = ring_get();

	_Static_assert(DATA_AT + sizeof(struct sp_clash) <= ANSWER_MAX,
		"an answer holds it");
	for (;;) {
		uint32_t slot = ring_slot(r), len;

		if (ring_waiting(r) == 0) {
			(void)sys_wait(SP_EVENT_RING);
			continue;
		}
		len = r->slot[slot].len;
		memcpy(frame, ring_slot_bytes(slot) + SP_RING_FRAME_AT, len);
		ring_next(r);
		if (be16_get(frame + TYPE_AT) == type)
			answer();
		else
			others++;
	}
}
