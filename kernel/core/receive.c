/*
 * receive.c - the path of a frame: one call of generated code, one table.
 *
 * Every frame is accounted for: received = consumed + delivered + dropped, and
 * each binding keeps the same account.  Runs in the interrupt, interrupts off.
 */
#include "kernel/core/audit.h"
#include "kernel/core/bind.h"
#include "kernel/core/bind_table.h"
#include "kernel/core/classifier.h"
#include "kernel/core/follow.h"
#include "kernel/core/handler.h"
#include "kernel/core/info.h"
#include "kernel/core/ring.h"
#include "kernel/core/sched.h"
#include "kernel/core/shared.h"
#include "kernel/core/unicast.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

enum {
	/* Instructions a frame that classifiers may take at most; the taps' with
	 * the counting. */
	RX_LIMIT = 600,
	TAPS_LIMIT = 2000,
	SENT_LIMIT = 600,
	TAP_COST = 20, /* instructions to count one */
};

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

static struct {
	struct path path[BIND_PATHS];
	struct bind_watch *watches;
	uint32_t followers;
	bool again, charging; /* a frame waits for more copies */
	uint16_t tap_ids[TAPS_LIMIT / 2];
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

typedef struct path *(*classify_t)(const uint8_t *frame, uint32_t len);

static inline struct path *
classify(const uint8_t *frame, uint32_t len)
{
	return &rx.path[classifier_one(&bind_rx, frame, len, len)];
}

static struct path *
classify_watched(const uint8_t *frame, uint32_t len)
{
	uint32_t id = classifier_one(&bind_rx, frame, len, len);

	for (const struct bind_watch *w = rx.watches; w != NULL; w = w->next)
		id = w->look(frame, len, id);
	return &rx.path[id];
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

static enum pcn_verdict
receive_watched(uint8_t *frame, uint32_t len)
{
	struct path *p = classify_watched(frame, len);

	return deliver(p, p->deliver, frame, len);
}

/* --- charging ----------------------------------------------------------------- */

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
static inline __attribute__((always_inline)) enum pcn_verdict
charged(classify_t how, uint8_t *frame, uint32_t len)
{
	uint32_t before = cp0_get_count();
	struct path *p = how(frame, len);

	if (p->info->owner != charge.owner) {
		if (charge.owner != 0)
			charge_until(before);
		charge.owner = p->info->owner;
	}
	return deliver(p,
		p->deliver == deliver_ash ? deliver_ash_charged : p->deliver,
		frame, len);
}

static enum pcn_verdict
receive_charged(uint8_t *frame, uint32_t len)
{
	return charged(classify, frame, len);
}

static enum pcn_verdict
receive_watched_charged(uint8_t *frame, uint32_t len)
{
	return charged(classify_watched, frame, len);
}

/* --- who consumes --------------------------------------------------------------- */

static enum pcn_verdict receive_again(uint8_t *frame, uint32_t len);

static void
choose_consumer(void)
{
	if (rx.again)
		pcn_set_consumer(receive_again);
	else if (rx.charging)
		pcn_set_consumer(rx.watches == NULL ? receive_charged
						    : receive_watched_charged);
	else
		pcn_set_consumer(
			rx.watches == NULL ? bind_receive : receive_watched);
}

static enum pcn_verdict
copied(enum pcn_verdict v)
{
	rx.again = v == PCN_AGAIN;
	choose_consumer();
	return v;
}

static enum pcn_verdict
receive_again(uint8_t *frame, uint32_t len)
{
	return copied(shared_deliver(frame, len, SHARED_TURN));
}

static enum pcn_verdict
deliver_copies(struct path *p, uint8_t *frame, uint32_t len)
{
	(void)p;
	return copied(shared_deliver(frame, len, SHARED_FIRST));
}

void
bind_charge_begin(void)
{
	charge.owner = 0;
	charge.since = cp0_get_count();
	rx.charging = true;
	choose_consumer();
}

void
bind_charge_end(void)
{
	rx.charging = false;
	choose_consumer();
	charge_until(cp0_get_count());
}

void
bind_charge_to(const struct env *e)
{
	if (!rx.charging || e->id == charge.owner)
		return;
	if (charge.owner != 0)
		charge_until(cp0_get_count());
	charge.owner = e->id;
}

/* --- who watches --------------------------------------------------------------- */

void
bind_watch(struct bind_watch *w, bool on)
{
	struct bind_watch **at = &rx.watches;
	uint32_t status = irq_off();

	if (w->on != on) {
		while (*at != NULL && (on ? (*at)->turn < w->turn : *at != w))
			at = &(*at)->next;
		if (on)
			w->next = *at;
		*at = on ? w : w->next;
		w->on = on;
		choose_consumer();
	}
	irq_restore(status);
}

/* Of a datagram in pieces: who took the first one, else whom the classifier says. */
static __attribute__((noinline)) uint32_t
follow(const uint8_t *frame, uint32_t len, uint32_t id)
{
	struct follow_piece piece;
	enum follow_kind kind = follow_parse(frame, len, &piece);
	const struct path *p = &rx.path[id];
	uint32_t first = 0;

	pcn_spend(FOLLOW_COST);
	if (kind == FOLLOW_LATER)
		first = follow_later(&piece, info.ticks);
	if (first != 0) {
		rx.path[first].info->followed++;
		return first;
	}
	if (kind == FOLLOW_FIRST)
		follow_first(&piece, p->follower != 0 ? p->id : 0,
			p->follower - 1, info.ticks);
	return id;
}

static uint32_t
look_fragments(const uint8_t *frame, uint32_t len, uint32_t id)
{
	return follow_is_fragment(frame) ? follow(frame, len, id) : id;
}

/* Taps of received frames. */
static uint32_t
look_taps(const uint8_t *frame, uint32_t len, uint32_t id)
{
	uint32_t from = cp0_get_count();
	uint32_t n = classifier_all(&bind_taps, frame, len, len, rx.tap_ids);
	uint32_t who = id == BIND_COPIES ? shared_first() : id;

	capture_frame(
		rx.tap_ids, n, frame, len, 0, who < SP_MAX_BINDINGS ? who : 0);
	charge_nobody(from);
	return id;
}

static struct bind_watch fragments = {
	.look = look_fragments,
	.turn = WATCH_OWNER,
};

static struct bind_watch taps = {
	.look = look_taps,
	.turn = WATCH_TAPS,
};

static void
classifiers_changed(void)
{
	bind_watch(&taps, bind_taps.filters > 0);
	capture_changed();
	pcn_frame_cost(bind_rx.bound + bind_taps.bound + bind_sent.bound +
		       capture_cost(false) + capture_cost(true));
}

/* --- paths -------------------------------------------------------------------- */

/* PATH follows later fragments, for the environment in slot FOLLOWER - 1; or not,
 * 0: what it followed is the classifier's again.  Interrupts off. */
static void
set_follower(uint32_t path, uint32_t follower)
{
	struct path *p = &rx.path[path];

	if (p->follower != 0)
		follow_forget(p->id, p->follower - 1);
	rx.followers += follower != 0;
	rx.followers -= p->follower != 0;
	p->follower = follower;
	bind_watch(&fragments, rx.followers > 0);
}

void
bind_path_clear(uint32_t path)
{
	uint32_t status = irq_off();
	struct path *p = &rx.path[path];

	if (p->follower != 0)
		set_follower(path, 0);
	shared_forget(path);
	p->deliver = deliver_nobody;
	p->info = &rx.nobody;
	p->handler = NULL;
	p->ring = NULL;
	irq_restore(status);
}

void
bind_path_set(uint32_t path)
{
	const struct bind_entry *e = &bind_table[path];
	struct path *p = &rx.path[path];
	uint32_t status;

	if (e->kind != BIND_RING && e->kind != BIND_ASH)
		return;
	status = irq_off();
	p->id = path == BIND_SPARE ? e->spare_of : path;
	p->info = &info.binding[p->id];
	p->ring = e->ring;
	p->handler = e->handler;
	p->upcall = e->flags & SP_BIND_UPCALL;
	p->deliver = e->kind == BIND_ASH ? deliver_ash : deliver_ring;
	if ((e->flags & SP_BIND_FOLLOW) != 0)
		set_follower(path, e->owner->slot + 1);
	irq_restore(status);
}

void
bind_path_take_spare(uint32_t slot)
{
	uint32_t status = irq_off();
	uint32_t follower = rx.path[BIND_SPARE].follower;

	set_follower(slot, 0);
	rx.path[slot] = rx.path[BIND_SPARE];
	rx.path[slot].follower = 0;
	set_follower(slot, follower);
	irq_restore(status);
}

bool
bind_path_runs(uint32_t path)
{
	return rx.path[path].deliver == deliver_ash;
}

static void
stop_handler(struct path *p, const struct handler *h)
{
	if (p->handler == h)
		p->deliver = p->ring != NULL ? deliver_ring : deliver_aborted;
}

void
bind_abort(const struct handler *h)
{
	stop_handler(&rx.path[handler_binding(h) & 0xffff], h);
	stop_handler(&rx.path[BIND_SPARE], h);
}

/* --- classifiers -------------------------------------------------------------- */

struct classifier bind_rx = {
	.kind = DPF_SET_ONE,
	.share = 16,
	.stays = true,
	.limit = RX_LIMIT,
	.bytes = &info.code_bytes_rx,
	.changed = classifiers_changed,
};

struct classifier bind_taps = {
	.kind = DPF_SET_ALL,
	.share = 64,
	.limit = TAPS_LIMIT,
	.cost = TAP_COST,
	.bytes = &info.code_bytes_taps,
	.changed = classifiers_changed,
};

struct classifier bind_sent = {
	.kind = DPF_SET_ALL,
	.share = 64,
	.limit = SENT_LIMIT,
	.cost = TAP_COST,
	.changed = classifiers_changed,
};

struct classifier *
bind_classifier(const struct bind_entry *n)
{
	if (bind_is_ranked(n->kind))
		return &bind_rx;
	if (n->kind == BIND_TEST)
		return &bind_tests;
	return (n->flags & SP_BIND_OUT) != 0 ? &bind_sent : &bind_taps;
}

void
bind_init(void)
{
	bind_table_init();
	for (uint32_t i = 0; i < BIND_PATHS; i++)
		bind_path_clear(i);
	rx.path[BIND_COPIES].deliver = deliver_copies;
	follow_init(cp0_get_count(), &info.follow);
	if (classifier_open(&bind_rx) < 0)
		PANIC("no memory for the classifier");
}

uint32_t
bind_whose(const uint8_t *frame, uint32_t len, uint32_t wirelen, uint16_t *ids)
{
	uint32_t id = classifier_one(&bind_rx, frame, len, wirelen), n = 0;

	if (bind_shared.filters > 0 && len >= 14 && unicast_is_not(frame))
		n = shared_choose(frame, len, wirelen, id, ids);
	if (n > 0)
		return n;
	ids[0] = (uint16_t)id;
	/* A flow that nobody bound is nobody's frame. */
	return ids[0] != 0 && ids[0] < SP_MAX_BINDINGS ? 1 : 0;
}

bool
bind_answers(
	const struct env *e, uint8_t *frame, uint32_t len, uint32_t wirelen)
{
	uint32_t id;

	dpf_exchange(frame, len);
	id = classifier_one(&bind_rx, frame, len, wirelen);
	return bind_table[id].kind == BIND_RING && bind_table[id].answers &&
	       bind_table[id].owner == e;
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
