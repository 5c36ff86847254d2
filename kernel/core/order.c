/*
 * order.c - who beats whom: containment decides, never the order of insertion.
 *
 * Of the bindings that accept a frame the one contained in all others wins.
 * What is neither contained nor disjoint is refused between owners and needs a
 * priority between bindings of one.  Only those are looked at that may share a
 * frame with the new one; rank.c turns who beats whom into numbers.
 */
#include "kernel/core/audit.h"
#include "kernel/core/classifier.h"
#include "kernel/core/info.h"
#include "kernel/core/rank.h"
#include "kernel/core/shared.h"
#include "kernel/core/slots.h"
#include "kernel/core/store.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"

enum {
	RELATE_SCRATCH = 65536,
	RELATE_STEPS = 200000,
};

enum outcome { NEITHER, NEW_WINS, OLD_WINS, REFUSE_SAME, REFUSE };

static struct {
	struct slots met;             /* candidates, not yet judged */
	uint8_t relation[BIND_PATHS]; /* how the new one lies to them */
	struct bind_edge *edges;      /* of the new one, in no list yet */
	uint8_t scratch[RELATE_SCRATCH] __attribute__((aligned(8)));
	struct dpf_example example;
	struct dpf_example sample; /* a frame of the new one's */
	bool sampled;
} order;

/* --- what a relation means ----------------------------------------------------- */

/* Is flow slot F the one N lies in, or does that lie in F? */
static bool
is_around(uint32_t f, const struct bind_entry *n)
{
	for (uint32_t at = n->flow; at != 0; at = bind_table[at].flow)
		if (at == f)
			return true;
	return false;
}

static bool
beats(const struct bind_entry *o, uint32_t slot)
{
	const struct bind_edge *e = o->beats;

	while (e != NULL && e->loser != slot)
		e = e->next[EDGE_BEATS];
	return e != NULL;
}

/* Two bindings of one owner. */
static enum outcome
own_bindings(const struct bind_entry *n, const struct bind_entry *o,
	enum dpf_relation r)
{
	if (r == DPF_INSIDE)
		return NEW_WINS;
	if (r == DPF_CONTAINS)
		return OLD_WINS;
	if (n->priority == o->priority)
		return r == DPF_EQUAL ? REFUSE_SAME : REFUSE;
	return n->priority > o->priority ? NEW_WINS : OLD_WINS;
}

/* What a relation means for the new entry N against the old one in slot AT. */
static enum outcome
judge(const struct bind_entry *n, uint32_t at, enum dpf_relation r)
{
	const struct bind_entry *o = &bind_table[at];
	bool same = n->owner == o->owner;

	/* Within its flow, wholly: frames elsewhere are not its to bind. */
	if (o->kind == BIND_FLOW && is_around(at, n))
		return r == DPF_INSIDE || r == DPF_EQUAL ? NEW_WINS : REFUSE;
	if (r == DPF_DISJOINT)
		return NEITHER;
	if (same && o->kind == BIND_FLOW && n->kind != BIND_FLOW)
		return NEW_WINS;
	if (same && o->kind != BIND_FLOW && n->kind == BIND_FLOW)
		return OLD_WINS;
	if (same && o->kind != BIND_FLOW)
		return own_bindings(n, o, r);
	/* Somebody else's, or two flows: what was derived is theirs. */
	if (r == DPF_CONTAINS)
		return OLD_WINS;
	if (r != DPF_INSIDE || o->kind == BIND_FLOW || n->kind == BIND_FLOW)
		return REFUSE;
	/* It was there when the flow was derived around it, which yields. */
	return n->flow != 0 && beats(o, n->flow) ? REFUSE : NEW_WINS;
}

/* --- candidates ---------------------------------------------------------------- */

static int
meet(void *arg, uint32_t id, enum dpf_relation r)
{
	(void)arg;
	slots_add(&order.met, id);
	order.relation[id] = (uint8_t)r;
	return SP_OK;
}

/* Who may share a frame with N, and the flows around it. */
static int
find_candidates(const struct bind_entry *n, uint32_t slot)
{
	int err = dpf_set_candidates(bind_rx.set, &n->filter, meet, NULL);

	/* These know the whole of what is shared, not only its part. */
	if (err == SP_OK && bind_shared.filters > 0)
		err = dpf_set_candidates(
			bind_shared.set, &n->filter, meet, NULL);
	if (err < 0)
		return err;
	for (uint32_t at = n->flow; at != 0; at = bind_table[at].flow)
		if (!slots_has(&order.met, at))
			(void)meet(NULL, at, DPF_DISJOINT);
	slots_del(&order.met, bind_table[slot].path); /* what N replaces */
	slots_del(&order.met, bind_table[slot].shared_path);
	return SP_OK;
}

/* The next candidate by slot, or 0. */
static uint32_t
next_candidate(enum dpf_relation *r)
{
	uint32_t at = slots_first(&order.met);

	if (at == 0)
		return 0;
	slots_del(&order.met, at);
	*r = order.relation[at];
	return at == BIND_SPARE ? bind_table[at].spare_of : at;
}

/* Frames to groups are no matter between two that share them. */
static bool
both_share(const struct bind_entry *n, uint32_t at)
{
	return n->shared != NULL && bind_table[at].shared != NULL;
}

static enum dpf_relation
relate_filters(const struct dpf_filter *a, const struct dpf_filter *b)
{
	return (enum dpf_relation)dpf_relate(a, b, order.scratch,
		sizeof(order.scratch), RELATE_STEPS, &order.example);
}

bool
bind_is_inside(const struct dpf_filter *a, const struct dpf_filter *b)
{
	enum dpf_relation r = relate_filters(a, b);

	return r == DPF_INSIDE || r == DPF_EQUAL;
}

static enum dpf_relation
relate(const struct bind_entry *n, uint32_t at)
{
	const struct bind_entry *o = &bind_table[at];

	if (!both_share(n, at))
		return relate_filters(&n->filter, &o->filter);
	return n->shared->none || o->shared->none
		       ? DPF_DISJOINT
		       : relate_filters(shared_rx(n), shared_rx(o));
}

/* A frame that N accepts, if one is found. */
static const struct dpf_example *
sample(const struct bind_entry *n)
{
	enum dpf_relation r = DPF_EQUAL;

	if (!order.sampled)
		r = dpf_relate(&n->filter, &n->filter, order.scratch,
			sizeof(order.scratch), RELATE_STEPS, &order.sample);
	order.sampled = true;
	return r == DPF_EQUAL ? &order.sample : NULL;
}

/* N contains AT; do the frames of N show that it is larger? */
static bool
is_larger(const struct bind_entry *n, uint32_t at)
{
	const struct dpf_example *f = sample(n);

	return f != NULL && f->len != 0 &&
	       !dpf_interp(&bind_table[at].filter, f->frame, f->len, f->len);
}

/* R is what was met on the way to AT: equal filters may be met as one within the
 * other, which matters where nobody's flow says who wins. */
static enum dpf_relation
settle(const struct bind_entry *n, uint32_t at, enum dpf_relation r)
{
	const struct bind_entry *o = &bind_table[at];
	enum dpf_relation exactly;

	order.example.len = 0;
	if (both_share(n, at))
		return relate(n, at);
	if (r == DPF_EQUAL || r == DPF_DISJOINT ||
		(r == DPF_CONTAINS && is_larger(n, at)) ||
		(r == DPF_INSIDE && o->kind == BIND_FLOW &&
			(is_around(at, n) || (o->owner == n->owner &&
						     n->kind != BIND_FLOW))))
		return r;
	exactly = relate(n, at);
	return exactly == DPF_UNDECIDED ? r : exactly;
}

static void
describe(struct sp_clash *c, const struct bind_entry *n, uint32_t at,
	enum dpf_relation r)
{
	const struct bind_entry *o = &bind_table[at];

	/* What was proved on the way to AT is without an example. */
	if (order.example.len == 0 && r != DPF_DISJOINT && r != DPF_UNDECIDED)
		(void)relate(n, at);
	memset(c, 0, sizeof(*c));
	c->relation = r;
	c->is_flow = o->kind == BIND_FLOW;
	c->id = bind_id(at);
	memcpy(c->name,
		c->is_flow ? info.flow[at - SP_MAX_BINDINGS].name
			   : info.binding[at].name,
		SP_NAME);
	c->len = order.example.len;
	memcpy(c->frame, order.example.frame, sizeof(c->frame));
}

/* --- edges --------------------------------------------------------------------- */

static int
add_edge(const struct bind_entry *n, uint32_t winner, uint32_t loser)
{
	struct bind_edge *e = store_get(n->owner, sizeof(*e));

	if (e == NULL)
		return SP_ENOMEM;
	e->winner = (uint16_t)winner;
	e->loser = (uint16_t)loser;
	e->next[0] = order.edges;
	order.edges = e;
	return SP_OK;
}

static void
link_edge(struct bind_edge *e, unsigned way, struct bind_edge **list)
{
	e->next[way] = *list;
	e->where[way] = list;
	if (*list != NULL)
		(*list)->where[way] = &e->next[way];
	*list = e;
}

static void
drop_edge(struct bind_edge *e)
{
	for (unsigned way = 0; way < 2; way++) {
		*e->where[way] = e->next[way];
		if (e->next[way] != NULL)
			e->next[way]->where[way] = e->where[way];
	}
	store_put(e, sizeof(*e));
}

void
bind_order_keep(void)
{
	while (order.edges != NULL) {
		struct bind_edge *e = order.edges;

		order.edges = e->next[0];
		link_edge(e, EDGE_BEATS, &bind_table[e->winner].beats);
		link_edge(e, EDGE_BEATEN, &bind_table[e->loser].beaten);
	}
}

void
bind_order_undo(void)
{
	while (order.edges != NULL) {
		struct bind_edge *e = order.edges;

		order.edges = e->next[0];
		store_put(e, sizeof(*e));
	}
}

void
bind_order_forget(uint32_t slot)
{
	while (bind_table[slot].beats != NULL)
		drop_edge(bind_table[slot].beats);
	while (bind_table[slot].beaten != NULL)
		drop_edge(bind_table[slot].beaten);
}

/* --- the new one --------------------------------------------------------------- */

/* N, of SLOT, against AT. */
static int
compare(const struct bind_entry *n, uint32_t slot, uint32_t at,
	enum dpf_relation r, struct sp_clash *clash)
{
	r = settle(n, at, r);
	switch (judge(n, at, r)) {
	case NEITHER:
		return SP_OK;
	case NEW_WINS:
		rank_beats(at);
		return add_edge(n, slot, at);
	case OLD_WINS:
		rank_beaten(at);
		return add_edge(n, at, slot);
	case REFUSE_SAME:
		describe(clash, n, at, r);
		return SP_EEXIST;
	default:
		describe(clash, n, at, r);
		if (is_around(at, n) && r != DPF_UNDECIDED)
			return SP_EPERM;
		return r == DPF_UNDECIDED ? SP_EUNDECIDED : SP_EOVERLAP;
	}
}

/*
 * N lies outside the flow it is to be bound within: if its frames are somebody's,
 * CLASH tells whose, with a frame.
 */
static void
find_whose(const struct bind_entry *n, uint32_t slot, struct sp_clash *clash)
{
	enum dpf_relation r = DPF_DISJOINT;
	struct sp_clash other;

	for (uint32_t at; (at = next_candidate(&r)) != 0;) {
		if (is_around(at, n) ||
			compare(n, slot, at, r, &other) != SP_EOVERLAP ||
			other.len == 0)
			continue;
		*clash = other;
		return;
	}
}

static int
compare_all(const struct bind_entry *n, uint32_t slot, struct sp_clash *clash)
{
	enum dpf_relation r = DPF_DISJOINT;
	int err = find_candidates(n, slot);

	for (uint32_t at; err == SP_OK && (at = next_candidate(&r)) != 0;)
		err = compare(n, slot, at, r, clash);
	if (err == SP_EPERM && order.example.len == 0)
		find_whose(n, slot, clash);
	while (next_candidate(&r) != 0)
		continue;
	return err;
}

int
bind_order(struct bind_entry *n, uint32_t slot, struct sp_clash *clash)
{
	int err;

	order.sampled = false;
	rank_begin(slot);
	err = compare_all(n, slot, clash);
	if (err == SP_OK)
		err = rank_find();
	if (err >= 0) {
		n->rank = (uint32_t)err;
		return SP_OK;
	}
	if (err == SP_EUNDECIDED && clash->id == 0) { /* a circle */
		memset(clash, 0, sizeof(*clash));
		clash->relation = DPF_UNDECIDED;
	}
	bind_order_undo();
	return err;
}

/* Whoever beats another has the higher rank, and both know of it. */
void
bind_order_audit(uint32_t slot)
{
	const struct bind_entry *b = &bind_table[slot];

	for (const struct bind_edge *e = b->beats; e != NULL;
		e = e->next[EDGE_BEATS])
		if (e->winner != slot || e->loser >= BIND_ENTRIES ||
			bind_table[e->loser].kind == BIND_FREE ||
			bind_table[e->loser].rank >= b->rank ||
			*e->where[EDGE_BEATEN] != e) {
			audit_fail(
				"binding %u: does not beat %u", slot, e->loser);
			return;
		}
	for (const struct bind_edge *e = b->beaten; e != NULL;
		e = e->next[EDGE_BEATEN])
		if (e->loser != slot || *e->where[EDGE_BEATS] != e) {
			audit_fail("binding %u: is not beaten", slot);
			return;
		}
}
