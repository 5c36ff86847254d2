/*
 * receive.c - the path of a frame: one call of generated code, one table.
 *
 * Every frame is accounted for: received = consumed + delivered + dropped, and
 * each binding keeps the same account.  Runs in the interrupt, interrupts off.
 */
#include "kernel/core/audit.h"
#include "kernel/core/bind.h"
#include "kernel/core/bind_table.h"
#include "kernel/core/follow.h"
#include "kernel/core/handler.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/core/ring.h"
#include "kernel/core/sched.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

enum {
	RX_ARENA_PAGES = 512,
	TAP_ARENA_PAGES = 512,
	SENT_ARENA_PAGES = 128,
	CODE_PAGES = 64,
	CODE_WORDS = CODE_PAGES * SP_PAGE / 4,
	/* Instructions a frame that classifiers may take at most; the taps' with
	 * the counting. */
	RX_LIMIT = 600,
	TAPS_LIMIT = 2000,
	SENT_LIMIT = 600,
	TAP_COST = 14, /* instructions to count one */
};

typedef uint32_t (*rx_code_t)(
	const uint8_t *frame, uint32_t len, uint32_t wirelen);

struct path;
typedef enum pcn_verdict (*deliver_t)(
	struct path *p, uint8_t *frame, uint32_t len);

/* What a frame's binding says follows; all the fast path reads. */
struct path {
	deliver_t deliver;
	struct sp_binding_info *info;
	struct handler *handler;
	struct ring *ring;
	uint32_t id, upcall;
	uint32_t follower; /* slot of its owner + 1: later fragments are its */
	uint32_t pad;
};
_Static_assert(sizeof(struct path) == 32, "an index is a shift");

struct classifier bind_rx = { .bytes = &info.code_bytes_rx };
struct classifier bind_taps = { .bytes = &info.code_bytes_taps };
struct classifier bind_sent;

static struct {
	struct path path[BIND_ENTRIES];
	rx_code_t classify; /* the code itself, or what stands before it */
	rx_code_t owner;    /* likewise, without taps */
	rx_code_t code;
	uint32_t followers;
	tap_code_t taps, sent;
	uint16_t tap_ids[SP_MAX_BINDINGS];
	uint16_t scratch[CODE_WORDS];
	struct sp_binding_info nobody; /* counters of what has no binding */
} rx;

/* Charging: what has been done since the last frame of another owner. */
static struct {
	uint32_t owner; /* environment id, 0: nobody */
	uint32_t since; /* CP0 Count */
} charge;

/* --- endings ---------------------------------------------------------------- */

static enum pcn_verdict
drop(struct path *p, enum sp_drop why)
{
	info.nic.dropped[why]++;
	p->info->dropped[why]++;
	return PCN_RECYCLE;
}

static enum pcn_verdict
deliver_nobody(struct path *p, uint8_t *frame, uint32_t len)
{
	(void)frame;
	(void)len;
	return drop(p, SP_DROP_UNCLAIMED);
}

static enum pcn_verdict
deliver_ring(struct path *p, uint8_t *frame, uint32_t len)
{
	if (!ring_deliver(p->ring, frame, len, p->id, p->upcall != 0))
		return drop(p, SP_DROP_RING_FULL);
	info.nic.delivered++;
	p->info->delivered++;
	return PCN_RECYCLE;
}

static enum pcn_verdict
deliver_aborted(struct path *p, uint8_t *frame, uint32_t len)
{
	(void)frame;
	(void)len;
	return drop(p, SP_DROP_ABORTED);
}

static enum pcn_verdict
deliver_ash(struct path *p, uint8_t *frame, uint32_t len)
{
	switch (handler_run(p->handler, frame, len)) {
	case HANDLER_REPLIED:
		info.nic.consumed++;
		p->info->consumed++;
		return PCN_SENT;
	case HANDLER_CONSUMED:
		info.nic.consumed++;
		p->info->consumed++;
		return PCN_RECYCLE;
	case HANDLER_DENIED:
		return drop(p, SP_DROP_TX_DENIED);
	case HANDLER_TX_FULL:
		return drop(p, SP_DROP_TX_FULL);
	case HANDLER_ABORTED:
		return drop(p, SP_DROP_ABORTED);
	case HANDLER_DECLINED:
	default:
		return p->ring != NULL ? deliver_ring(p, frame, len)
				       : drop(p, SP_DROP_DECLINED);
	}
}

/* --- the path ---------------------------------------------------------------- */

/* Watching is nobody's time, as clock ticks are: not the frame's owner's either. */
static void
charge_nobody(uint32_t from)
{
	uint32_t took = cp0_get_count() - from;

	if (env_current() == NULL)
		return;
	sched_charge(NULL, took);
	charge.since += took;
}

/* Of a datagram in pieces: who took the first one, else whom the classifier says. */
static __attribute__((noinline)) uint32_t
fragment(const uint8_t *frame, uint32_t len, uint32_t wirelen)
{
	struct follow_piece piece;
	enum follow_kind kind = follow_parse(frame, len, &piece);
	uint32_t id = 0, owner;

	pcn_spend(FOLLOW_COST);
	if (kind == FOLLOW_LATER)
		id = follow_later(&piece, info.ticks);
	if (id != 0) {
		rx.path[id].info->followed++;
		return id;
	}
	id = rx.code(frame, len, wirelen);
	owner = rx.path[id].follower;
	if (kind == FOLLOW_FIRST)
		follow_first(
			&piece, owner != 0 ? id : 0, owner - 1, info.ticks);
	return id;
}

/* Stands before the classifier while anybody follows. */
static uint32_t
with_fragments(const uint8_t *frame, uint32_t len, uint32_t wirelen)
{
	return follow_is_fragment(frame) ? fragment(frame, len, wirelen)
					 : rx.code(frame, len, wirelen);
}

/* Stands before all that while there are taps; else they cost nothing. */
static uint32_t
with_taps(const uint8_t *frame, uint32_t len, uint32_t wirelen)
{
	uint32_t id = rx.owner(frame, len, wirelen);
	uint32_t from = cp0_get_count();
	uint32_t n = rx.taps(frame, len, wirelen, rx.tap_ids);

	capture_frame(
		rx.tap_ids, n, frame, len, 0, id < SP_MAX_BINDINGS ? id : 0);
	charge_nobody(from);
	return id;
}

/* Who stands before the classifier has changed; interrupts off. */
static void
choose(void)
{
	rx.owner = rx.followers > 0 ? with_fragments : rx.code;
	rx.classify = rx.taps != NULL ? with_taps : rx.owner;
}

static inline struct path *
classify(const uint8_t *frame, uint32_t len)
{
	return &rx.path[rx.classify(frame, len, len)];
}

static inline enum pcn_verdict
deliver(struct path *p, deliver_t how, uint8_t *frame, uint32_t len)
{
	enum pcn_verdict v = how(p, frame, len);

	p->info->packets++;
	p->info->bytes += len;
	p->info->last_count = cp0_get_count();
	return v;
}

enum pcn_verdict
bind_receive(uint8_t *frame, uint32_t len)
{
	struct path *p = classify(frame, len);

	return deliver(p, p->deliver, frame, len);
}

/* --- charging ----------------------------------------------------------------- */

static void
charge_until(uint32_t now)
{
	sched_charge(charge.owner == 0 ? NULL : env_find(charge.owner),
		now - charge.since);
	charge.since = now;
}

/* Its owner owes time: no handler runs at others' cost. */
static enum pcn_verdict
deliver_owing(struct path *p, uint8_t *frame, uint32_t len)
{
	return p->ring != NULL ? deliver_ring(p, frame, len)
			       : drop(p, SP_DROP_DEBT);
}

static enum pcn_verdict
deliver_ash_charged(struct path *p, uint8_t *frame, uint32_t len)
{
	struct env *owner = handler_owner(p->handler);

	if (owner != env_current() && sched_owes(owner))
		return deliver_owing(p, frame, len);

	enum pcn_verdict v = deliver_ash(p, frame, len);

	charge_until(cp0_get_count());
	return v;
}

/* The driver's work before the first frame is the first owner's, too. */
static enum pcn_verdict
receive_charged(uint8_t *frame, uint32_t len)
{
	uint32_t before = cp0_get_count();
	struct path *p = classify(frame, len);

	if (p->info->owner != charge.owner) {
		if (charge.owner != 0)
			charge_until(before);
		charge.owner = p->info->owner;
	}
	return deliver(p,
		p->deliver == deliver_ash ? deliver_ash_charged : p->deliver,
		frame, len);
}

void
bind_charge_begin(void)
{
	charge.owner = 0;
	charge.since = cp0_get_count();
	pcn_set_consumer(receive_charged);
}

void
bind_charge_end(void)
{
	pcn_set_consumer(bind_receive);
	charge_until(cp0_get_count());
}

/* SLOT follows later fragments, for the environment in slot FOLLOWER - 1; or not,
 * 0: what it followed is the classifier's again. */
static void
set_follower(uint32_t slot, uint32_t follower)
{
	struct path *p = &rx.path[slot];
	uint32_t status = irq_off();

	if (p->follower != 0)
		follow_forget(slot, p->follower - 1);
	rx.followers += follower != 0;
	rx.followers -= p->follower != 0;
	p->follower = follower;
	choose();
	irq_restore(status);
}

void
bind_path_clear(uint32_t slot)
{
	struct path *p = &rx.path[slot];

	if (p->follower != 0)
		set_follower(slot, 0);
	p->deliver = deliver_nobody;
	p->info = &rx.nobody;
	p->handler = NULL;
	p->ring = NULL;
}

void
bind_path_set(uint32_t slot)
{
	const struct bind_entry *e = &bind_table[slot];
	struct path *p = &rx.path[slot];

	bind_path_clear(slot);
	if (slot >= SP_MAX_BINDINGS || e->kind == BIND_TAP)
		return;
	p->id = slot;
	p->info = &info.binding[slot];
	p->ring = e->ring;
	p->handler = e->handler;
	p->upcall = e->flags & SP_BIND_UPCALL;
	p->deliver = e->kind == BIND_ASH ? deliver_ash : deliver_ring;
	if ((e->flags & SP_BIND_FOLLOW) != 0)
		set_follower(slot, e->owner->slot + 1);
}

void
bind_abort(uint32_t id)
{
	struct path *p = &rx.path[id & 0xffff];

	p->deliver = p->ring != NULL ? deliver_ring : deliver_aborted;
}

/* --- classifiers -------------------------------------------------------------- */

static void
classifier_init(
	struct classifier *c, uint32_t arena_pages, enum dpf_set_kind kind)
{
	int arena = page_alloc_kernel(arena_pages, 0, 0);
	int code = page_alloc_kernel(2 * CODE_PAGES, 0, 0);

	if (arena < 0 || code < 0)
		PANIC("no memory for the classifiers");
	if (dpf_set_init(page_kva((uint32_t)arena), arena_pages * SP_PAGE, kind,
		    &c->set) < 0)
		PANIC("classifier does not fit its arena");
	c->room_words = CODE_WORDS;
	c->code[0] = page_kva((uint32_t)code);
	c->code[1] = page_kva((uint32_t)code + CODE_PAGES);
}

/* How many there are in C's direction. */
static uint32_t
taps(const struct classifier *c)
{
	uint32_t out = c == &bind_sent ? SP_BIND_OUT : 0, n = 0;

	for (uint32_t i = 1; i < SP_MAX_BINDINGS; i++)
		n += bind_table[i].kind == BIND_TAP &&
		     (bind_table[i].flags & SP_BIND_OUT) == out;
	return n;
}

/* What a frame costs in C's code too.  An id is stored by two instructions, so no
 * more than half of the longest way are ids; one tap is not in the table yet. */
static uint32_t
counting(const struct classifier *c, uint32_t code_bound)
{
	uint32_t n = taps(c) + 1;

	if (c == &bind_rx)
		return 0;
	return TAP_COST * (n < code_bound / 2 ? n : code_bound / 2);
}

static uint32_t
limit_of(const struct classifier *c)
{
	return c == &bind_rx     ? RX_LIMIT
	       : c == &bind_taps ? TAPS_LIMIT
				 : SENT_LIMIT;
}

int
classifier_emit(struct classifier *c)
{
	uint32_t *to = c->code[c->side ^ 1];
	int words = dpf_set_emit(c->set, to, c->room_words, (uint32_t)to);

	if (words < 0)
		return words;
	c->words = (uint32_t)words;
	c->bound = dpf_code_bound(to, c->words, (uint32_t)to, rx.scratch);
	c->bound += counting(c, c->bound);
	if (c->bound > limit_of(c))
		return SP_EFULL;
	icache_sync(to, (size_t)words * 4);
	return SP_OK;
}

void
classifier_swing(struct classifier *c)
{
	c->side ^= 1;
	if (c->bytes != NULL)
		*c->bytes = c->words * 4;

	uintptr_t code = (uintptr_t)c->code[c->side];

	if (c == &bind_rx)
		rx.code = (rx_code_t)code;
	else if (c == &bind_taps)
		rx.taps = taps(c) > 0 ? (tap_code_t)code : NULL;
	else
		rx.sent = taps(c) > 0 ? (tap_code_t)code : NULL;
	choose();
	capture_changed(rx.sent);
	c->live = c->bound;
	pcn_frame_cost(
		bind_rx.live +
		(rx.taps != NULL ? bind_taps.live + capture_cost(false) : 0) +
		(rx.sent != NULL ? bind_sent.live + capture_cost(true) : 0));
}

void
bind_init(void)
{
	for (uint32_t i = 0; i < BIND_ENTRIES; i++)
		bind_path_clear(i);
	follow_init(cp0_get_count(), &info.follow);
	classifier_init(&bind_rx, RX_ARENA_PAGES, DPF_SET_ONE);
	classifier_init(&bind_taps, TAP_ARENA_PAGES, DPF_SET_ALL);
	classifier_init(&bind_sent, SENT_ARENA_PAGES, DPF_SET_ALL);
	if (classifier_emit(&bind_rx) < 0)
		PANIC("empty classifier");
	classifier_swing(&bind_rx);
}

uint32_t
bind_run(enum sp_run_set set, const uint8_t *frame, uint32_t len,
	uint32_t wirelen, uint16_t *ids)
{
	if (set == SP_RUN_TAPS)
		return rx.taps == NULL ? 0 : rx.taps(frame, len, wirelen, ids);
	ids[0] = (uint16_t)rx.code(frame, len, wirelen);
	/* A flow that nobody bound is nobody's frame. */
	return ids[0] != 0 && ids[0] < SP_MAX_BINDINGS ? 1 : 0;
}

/* The path gives frames to nobody but the binding's handler and ring; an aborted
 * handler is passed by. */
void
bind_path_audit(uint32_t slot)
{
	const struct bind_entry *e = &bind_table[slot];
	uint32_t status = irq_off();
	const struct path *p = &rx.path[slot];
	bool takes = e->kind == BIND_RING || e->kind == BIND_ASH;

	if (takes != (p->deliver != deliver_nobody) ||
		p->ring != (takes ? e->ring : NULL) ||
		p->handler != (takes ? e->handler : NULL) ||
		p->info != (takes ? &info.binding[slot] : &rx.nobody) ||
		p->follower != ((e->flags & SP_BIND_FOLLOW) != 0 && takes
					       ? e->owner->slot + 1
					       : 0))
		audit_fail("binding %u: frames go elsewhere", slot);
	irq_restore(status);
}

void
bind_follow_audit(void)
{
	for (uint32_t i = 0; i < FOLLOW_ENTRIES; i++) {
		uint32_t status = irq_off(), id;
		bool sound = follow_check(i, &id);

		if (!sound || (id != 0 && rx.path[id].follower !=
						  i / FOLLOW_SHARE + 1))
			audit_fail("datagram %u: followed for %u", i, id);
		irq_restore(status);
	}
}
