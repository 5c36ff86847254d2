/*
 * order.c - who beats whom: containment decides, never the order of insertion.
 *
 * Of the bindings that accept a frame the one contained in all others wins, so a
 * rank is the length of the longest chain of those it beats.  What is neither
 * contained nor disjoint is refused between owners and needs a priority between
 * bindings of one.
 */
#include "kernel/core/bind_table.h"
#include "kernel/core/info.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"

enum {
	RELATE_SCRATCH = 65536,
	RELATE_STEPS = 200000,
	WORDS = (BIND_ENTRIES + 31) / 32,
};

enum outcome { NEITHER, NEW_WINS, OLD_WINS, REFUSE_SAME, REFUSE };

static struct {
	uint32_t beats[BIND_ENTRIES][WORDS]; /* bit j of row i: i beats j */
	uint32_t saved_beats[BIND_ENTRIES][WORDS];
	uint32_t saved_rank[BIND_ENTRIES];
	uint8_t scratch[RELATE_SCRATCH] __attribute__((aligned(8)));
	struct dpf_example example;
} order;

static bool
bit(uint32_t i, uint32_t j)
{
	return (order.beats[i][j / 32] >> j % 32 & 1) != 0;
}

static void
set_bit(uint32_t i, uint32_t j)
{
	order.beats[i][j / 32] |= 1u << j % 32;
}

static bool
takes_part(uint32_t i)
{
	return bind_table[i].kind != BIND_FREE &&
	       bind_table[i].kind != BIND_TAP;
}

/* Is flow slot F the one N lies in, or does that lie in F? */
static bool
is_around(uint32_t f, const struct bind_entry *n)
{
	for (uint32_t at = n->flow; at != 0; at = bind_table[at].flow)
		if (at == f)
			return true;
	return false;
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
	return n->flow != 0 && bit(at, n->flow) ? REFUSE : NEW_WINS;
}

static void
describe(struct sp_clash *c, uint32_t at, enum dpf_relation r)
{
	const struct bind_entry *o = &bind_table[at];

	memset(c, 0, sizeof(*c));
	c->relation = r;
	c->is_flow = o->kind == BIND_FLOW;
	c->id = at | o->generation << 16;
	memcpy(c->name,
		c->is_flow ? info.flow[at - SP_MAX_BINDINGS].name
			   : info.binding[at].name,
		SP_NAME);
	c->len = order.example.len;
	memcpy(c->frame, order.example.frame, sizeof(c->frame));
}

/* Raise ranks until everybody outranks whom it beats.  False on a cycle. */
static bool
settle_ranks(struct bind_entry *n, uint32_t slot)
{
	for (uint32_t round = 0; round < BIND_ENTRIES; round++) {
		bool changed = false;

		for (uint32_t i = 1; i < BIND_ENTRIES; i++) {
			if (i != slot && !takes_part(i))
				continue;

			uint32_t *mine =
				i == slot ? &n->rank : &bind_table[i].rank;

			for (uint32_t j = 1; j < BIND_ENTRIES; j++) {
				uint32_t his = j == slot ? n->rank
							 : bind_table[j].rank;

				if (bit(i, j) && *mine <= his) {
					*mine = his + 1;
					changed = true;
				}
			}
		}
		if (!changed)
			return true;
	}
	return false;
}

static int
compare(struct bind_entry *n, uint32_t slot, uint32_t at,
	struct sp_clash *clash)
{
	order.example.len = 0;

	enum dpf_relation r =
		dpf_relate(&n->filter, &bind_table[at].filter, order.scratch,
			sizeof(order.scratch), RELATE_STEPS, &order.example);

	switch (judge(n, at, r)) {
	case NEITHER:
		return SP_OK;
	case NEW_WINS:
		set_bit(slot, at);
		return SP_OK;
	case OLD_WINS:
		set_bit(at, slot);
		return SP_OK;
	case REFUSE_SAME:
		describe(clash, at, r);
		return SP_EEXIST;
	default:
		describe(clash, at, r);
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
find_whose(struct bind_entry *n, uint32_t slot, struct sp_clash *clash)
{
	struct sp_clash other;

	for (uint32_t i = 1; i < BIND_ENTRIES; i++) {
		if (i == slot || !takes_part(i) || is_around(i, n) ||
			compare(n, slot, i, &other) != SP_EOVERLAP ||
			other.len == 0)
			continue;
		*clash = other;
		return;
	}
}

int
bind_order(struct bind_entry *n, uint32_t slot, struct sp_clash *clash)
{
	int err = SP_OK;

	memcpy(order.saved_beats, order.beats, sizeof(order.beats));
	for (uint32_t i = 0; i < BIND_ENTRIES; i++)
		order.saved_rank[i] = bind_table[i].rank;
	bind_order_forget(slot);
	n->rank = 1;
	for (uint32_t i = 1; i < BIND_ENTRIES && err == SP_OK; i++)
		if (i != slot && takes_part(i))
			err = compare(n, slot, i, clash);
	if (err == SP_EPERM && order.example.len == 0)
		find_whose(n, slot, clash);
	if (err == SP_OK && !settle_ranks(n, slot)) {
		memset(clash, 0, sizeof(*clash));
		clash->relation = DPF_UNDECIDED;
		err = SP_EUNDECIDED;
	}
	if (err < 0) {
		for (uint32_t i = 0; i < BIND_ENTRIES; i++)
			bind_table[i].rank = order.saved_rank[i];
		memcpy(order.beats, order.saved_beats, sizeof(order.beats));
	}
	return err;
}

static void
tell_rank(uint32_t slot, uint32_t rank)
{
	int err = dpf_set_rank(bind_rx.set, slot, rank);

	KASSERT(err == SP_OK);
	if (slot < SP_MAX_BINDINGS)
		info.binding[slot].rank = rank;
}

void
bind_order_apply(uint32_t slot)
{
	for (uint32_t i = 1; i < BIND_ENTRIES; i++)
		if (i != slot && takes_part(i) &&
			bind_table[i].rank != order.saved_rank[i])
			tell_rank(i, bind_table[i].rank);
}

void
bind_order_restore(void)
{
	memcpy(order.beats, order.saved_beats, sizeof(order.beats));
	for (uint32_t i = 1; i < BIND_ENTRIES; i++) {
		if (!takes_part(i) || bind_table[i].rank == order.saved_rank[i])
			continue;
		bind_table[i].rank = order.saved_rank[i];
		tell_rank(i, bind_table[i].rank);
	}
}

void
bind_order_forget(uint32_t slot)
{
	memset(order.beats[slot], 0, sizeof(order.beats[slot]));
	for (uint32_t i = 0; i < BIND_ENTRIES; i++)
		order.beats[i][slot / 32] &= ~(1u << slot % 32);
}
