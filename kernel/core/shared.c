/*
 * shared.c - one frame for many: who gets a copy, and giving them away.
 *
 * Copies to many take long, so they are made over several interrupts: the frame
 * stays in its slot meanwhile, and whoever goes gets none any more.  The frame
 * counts once as received and once as what became of it; copies count apart, and
 * each binding has its own account.
 */
#include "kernel/core/shared.h"

#include "kernel/core/bind.h"
#include "kernel/core/classifier.h"
#include "kernel/core/handler.h"
#include "kernel/core/info.h"
#include "kernel/core/ring.h"
#include "kernel/core/sched.h"
#include "kernel/core/store.h"
#include "kernel/core/unicast.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

enum {
	LIMIT = 800,     /* instructions a frame, to know who gets it */
	COST = 20,       /* ... of C's, for each binding that accepts it */
	COPY_COST = 280, /* but for the bytes, which take 20 for 32 of them */
};

static struct {
	uint16_t id[LIMIT / 2]; /* paths; 0: it has gone */
	uint32_t n, next;
	uint32_t given; /* copies that somebody got */
	bool consumed;
	enum sp_drop why; /* the last one that nobody got */
	bool saved;
	uint8_t frame[PCN_SLOT / 2]; /* as it came, if handlers run on it */
} copies;

/* --- sets ----------------------------------------------------------------------- */

int
shared_prepare(struct bind_entry *n)
{
	uint32_t bytes =
		(uint32_t)(sizeof(struct shared) + unicast_bytes(&n->filter));
	struct shared *s = store_get(n->owner, bytes);
	int err;

	if (s == NULL)
		return SP_ENOMEM;
	s->bytes = bytes;
	err = unicast_part(&n->filter, s->blob, &s->part);
	s->none = bind_is_inside(&n->filter, &unicast_rest);
	if (err < 0)
		store_put(s, bytes);
	else
		n->shared = s;
	return err;
}

void
shared_release(struct bind_entry *n)
{
	if (n->shared != NULL)
		store_put(n->shared, n->shared->bytes);
	n->shared = NULL;
}

int
shared_add(struct bind_entry *n, uint32_t path)
{
	if (n->shared == NULL)
		return SP_OK;
	n->shared_path = path;
	return classifier_add(&bind_shared, &n->filter, path, 0);
}

int
shared_rename(struct bind_entry *e, uint32_t path)
{
	int err;

	if (e->shared == NULL || e->shared_path == path)
		return SP_OK;
	err = classifier_rename(&bind_shared, e->shared_path, path);
	if (err == SP_OK)
		e->shared_path = path;
	return err;
}

void
shared_remove(const struct bind_entry *e)
{
	if (e->shared != NULL)
		classifier_remove(&bind_shared, e->shared_path);
}

/* --- who -------------------------------------------------------------------------- */

/* Is what BIND_SPARE is going to replace among IDS? */
static bool
spare_is_double(const uint16_t *ids, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] == bind_table[BIND_SPARE].spare_of)
			return true;
	return false;
}

uint32_t
shared_choose(const uint8_t *frame, uint32_t len, uint32_t wirelen, uint32_t id,
	uint16_t *ids)
{
	uint32_t n = classifier_all(&bind_shared, frame, len, wirelen, ids);
	uint32_t rank = id != 0 ? bind_table[id].rank : 0, kept = 0;
	bool spare = false;

	/* Of two that accept the frame one beats the other and has the higher
	 * rank; who shares is compared with the others only. */
	for (uint32_t i = 0; i < n; i++) {
		if (bind_table[ids[i]].rank <= rank)
			continue;
		if (ids[i] == BIND_SPARE)
			spare = true;
		else
			ids[kept++] = ids[i];
	}
	if (spare && !spare_is_double(ids, kept))
		ids[kept++] = BIND_SPARE;
	return kept;
}

/* Handlers may write to the frame: they come last. */
static void
rings_first(void)
{
	uint32_t rings = 0;

	for (uint32_t i = 0; i < copies.n; i++) {
		uint16_t id = copies.id[i];

		if (bind_table[id].kind != BIND_RING)
			continue;
		copies.id[i] = copies.id[rings];
		copies.id[rings++] = id;
	}
}

static __attribute__((noinline)) uint32_t
begin(const uint8_t *frame, uint32_t len, uint32_t id)
{
	pcn_spend(bind_shared.bound);
	copies.n = shared_choose(frame, len, len, id, copies.id);
	if (copies.n == 0)
		return id;
	rings_first();
	copies.next = 0;
	copies.given = 0;
	copies.consumed = false;
	copies.why = SP_DROP_UNCLAIMED; /* if all go before it is theirs */
	copies.saved = false;
	return BIND_COPIES;
}

static uint32_t
look(const uint8_t *frame, uint32_t len, uint32_t id)
{
	return unicast_is_not(frame) ? begin(frame, len, id) : id;
}

uint32_t
shared_first(void)
{
	return copies.id[0] < SP_MAX_BINDINGS ? copies.id[0] : 0;
}

void
shared_changed(void)
{
	static struct bind_watch watch = { .look = look, .turn = WATCH_OWNER };

	bind_watch(&watch, bind_shared.filters > 0);
}

void
shared_forget(uint32_t path)
{
	for (uint32_t i = copies.next; i < copies.n; i++)
		if (copies.id[i] == path)
			copies.id[i] =
				(uint16_t)(path == BIND_SPARE
						   ? bind_table[path].spare_of
						   : 0);
}

/* --- copies ------------------------------------------------------------------------- */

static void
lost(struct sp_binding_info *b, enum sp_drop why)
{
	b->dropped[why]++;
	copies.why = why;
}

static void
to_ring(const struct bind_entry *e, struct sp_binding_info *b,
	const uint8_t *frame, uint32_t len)
{
	if (!ring_deliver(e->ring, frame, len, (uint32_t)(b - info.binding),
		    (e->flags & SP_BIND_UPCALL) != 0)) {
		lost(b, SP_DROP_RING_FULL);
		return;
	}
	b->delivered++;
	copies.given++;
}

/* Where a frame goes that the handler does not take. */
static void
past_handler(const struct bind_entry *e, struct sp_binding_info *b,
	const uint8_t *frame, uint32_t len, enum sp_drop why)
{
	if (e->ring != NULL)
		to_ring(e, b, frame, len);
	else
		lost(b, why);
}

/* The others get the frame as it came, whatever this one makes of it. */
static enum handler_result
run(struct handler *h, uint8_t *frame, uint32_t len)
{
	bool others = copies.next < copies.n;
	enum handler_result r;

	if (others && !copies.saved) {
		memcpy(copies.frame, frame, len);
		copies.saved = true;
	}
	r = handler_run_apart(h, frame, len);
	if (copies.saved && (others || r == HANDLER_DECLINED) &&
		handler_writes_frames(h))
		memcpy(frame, copies.frame, len);
	return r;
}

static void
to_handler(const struct bind_entry *e, struct sp_binding_info *b,
	uint8_t *frame, uint32_t len)
{
	switch (run(e->handler, frame, len)) {
	case HANDLER_REPLIED:
	case HANDLER_CONSUMED:
		b->consumed++;
		copies.given++;
		copies.consumed = true;
		break;
	case HANDLER_DENIED:
		lost(b, SP_DROP_TX_DENIED);
		break;
	case HANDLER_TX_FULL:
		lost(b, SP_DROP_TX_FULL);
		break;
	case HANDLER_ABORTED:
		lost(b, SP_DROP_ABORTED);
		break;
	case HANDLER_DECLINED:
		past_handler(e, b, frame, len, SP_DROP_DECLINED);
		break;
	}
}

static void
give(uint32_t path, uint8_t *frame, uint32_t len)
{
	const struct bind_entry *e = &bind_table[path];
	struct sp_binding_info *b = bind_shown(path);

	bind_charge_to(e->owner);
	if (e->kind == BIND_RING)
		to_ring(e, b, frame, len);
	else if (!bind_path_runs(path))
		past_handler(e, b, frame, len, SP_DROP_ABORTED);
	else if (env_current() != NULL && e->owner != env_current() &&
		 sched_owes(e->owner))
		past_handler(e, b, frame, len, SP_DROP_DEBT);
	else
		to_handler(e, b, frame, len);
	b->packets++;
	b->bytes += len;
	b->last_count = cp0_get_count();
}

/* What became of the frame itself. */
static void
account(void)
{
	info.nic.copies += copies.given;
	if (copies.consumed)
		info.nic.consumed++;
	else if (copies.given > 0)
		info.nic.delivered++;
	else
		info.nic.dropped[copies.why]++;
}

static uint32_t
cost_of(uint32_t path, uint32_t len)
{
	return bind_table[path].kind == BIND_RING
		       ? COPY_COST + (len + PCN_FRAME_AT + 31) / 32 * 20
		       : SHARED_TURN;
}

enum pcn_verdict
shared_deliver(uint8_t *frame, uint32_t len, uint32_t budget)
{
	while (copies.next < copies.n) {
		uint32_t path = copies.id[copies.next];
		uint32_t cost = path != 0 ? cost_of(path, len) : COST;

		if (cost > budget)
			return PCN_AGAIN;
		budget -= cost;
		pcn_spend(cost);
		copies.next++;
		if (path != 0)
			give(path, frame, len);
	}
	account();
	return PCN_RECYCLE;
}

struct classifier bind_shared = {
	.kind = DPF_SET_ALL,
	.share = 64,
	.limit = LIMIT,
	.cost = COST,
	.changed = shared_changed,
};
