/*
 * prune.c - turn a graph as it came into the graph that is kept.
 *
 * Walks the graph with the facts of the path: a test that they decide is no
 * branch, and walks that reach the same node with the same facts about what can
 * still be tested are one (a filter of 100 hosts and 100 ports has 120,000
 * paths, and a few hundred such states).  Next:
 * node.c shares what comes out, write.c puts it into a blob.
 */
#include "dpf/prune.h"

/* A node of the old graph, reached with some facts. */
struct state {
	struct state *next; /* of the same hash */
	struct state *up;   /* who waits for the result */
	struct pruned **slot;
	struct pruned *yes, *no, *result;
	uint32_t node;
	uint16_t nlits;
	uint8_t stage; /* children visited; 2 when all are */
	bool bounds;   /* must first prove that the load succeeds */
	struct lit lits[];
};

struct walk {
	struct graph *g;
	struct pruned_graph *out;
	struct state **states;
	struct state *top; /* of the stack, linked through up */
	struct facts facts;
};

/* Which bits of field L are bits of K as well?  Returns those of L alone. */
static uint64_t
bits_outside(const struct graph_key *k, const struct lit *l, bool *shared)
{
	int ends = (l->off + l->width) - (k->off + k->width);
	uint64_t a = k->mask, b = l->mask;

	*shared = false;
	if (k->base != l->base || ends > 3 || ends < -3)
		return b;
	if (ends > 0)
		a <<= 8 * ends;
	else
		b <<= -8 * ends;
	*shared = (a & b) != 0;
	return b & ~a;
}

/* Can L still decide a test of node RANK or a later one? */
static bool
is_relevant(const struct graph *g, const struct lit *l, uint32_t rank)
{
	for (const struct graph_key *k = g->keys; k != NULL; k = k->next) {
		const struct graph_test *same;
		struct lit eq = *l;
		uint64_t outside;
		bool shared;

		if (k->last < rank)
			continue;
		outside = bits_outside(k, l, &shared);
		/* "Not this value" says nothing about part of a value. */
		if (!shared || (l->op == LIT_NE && outside != 0))
			continue;
		if (l->op != LIT_NE || k->off != l->off || k->mask != l->mask)
			return true;
		eq.op = LIT_EQ;
		same = dpf_graph_find(g, &eq);
		if (same != NULL && same->last >= rank)
			return true;
	}
	return false;
}

/* Replace all that is known about bounds by what can still matter. */
static int
restrict_bounds(struct walk *w, const uint32_t *have, uint32_t rank)
{
	uint32_t best[DPF_MAX_BASES + 1] = { 0 };
	const struct graph_need *n;

	for (n = w->g->needs; n != NULL; n = n->next)
		if (n->last >= rank && n->need <= have[n->base] &&
			n->need > best[n->base])
			best[n->base] = n->need;
	for (unsigned b = 0; b <= w->g->nbases; b++) {
		if (best[b] == 0)
			continue;
		if (w->facts.n == w->facts.room)
			return SP_ENOMEM;
		w->facts.lit[w->facts.n++] = dpf_lit_fit(b, best[b]);
	}
	return SP_OK;
}

/* Forget which values fields do not have. */
static void
forget_values(struct facts *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (f->lit[i].op != LIT_NE)
			f->lit[n++] = f->lit[i];
	f->n = n;
}

static void
sort_facts(struct facts *f)
{
	for (size_t i = 1; i < f->n; i++) {
		struct lit l = f->lit[i];
		size_t j = i;

		for (; j > 0; j--) {
			if (__builtin_memcmp(&f->lit[j - 1], &l, sizeof(l)) <=
				0)
				break;
			f->lit[j] = f->lit[j - 1];
		}
		f->lit[j] = l;
	}
}

/* Bring the facts into the one form they have at node RANK. */
static int
restrict_facts(struct walk *w, uint32_t rank)
{
	uint32_t have[DPF_MAX_BASES + 1] = { 0 };
	struct facts *f = &w->facts;
	size_t n = 0;
	int err;

	for (size_t i = 0; i < f->n; i++) {
		const struct lit l = f->lit[i];

		for (unsigned b = 0; b <= w->g->nbases; b++) {
			uint32_t need = dpf_lit_reach(w->g->bases, &l, b);

			if (have[b] < need)
				have[b] = need;
		}
		if (l.mask != 0 && is_relevant(w->g, &l, rank))
			f->lit[n++] = l;
	}
	f->n = n;
	/* Less may be known than is: that costs tests, never exactness. */
	if (n > f->room / 2)
		forget_values(f);
	err = restrict_bounds(w, have, rank);
	sort_facts(f);
	return err;
}

/* The state for NODE with the present facts. */
static struct state *
state_at(struct walk *w, uint32_t node)
{
	const struct facts *f = &w->facts;
	size_t bytes;
	struct state **slot, *s;

	if (restrict_facts(w, node) != SP_OK)
		return NULL;
	bytes = f->n * sizeof(*f->lit);
	slot = &w->states[dpf_hash_words(f->lit, bytes, node * 0x85ebca6bu) >>
				  8 &
			  w->g->tests_mask];
	for (s = *slot; s != NULL; s = s->next)
		if (s->node == node && s->nlits == f->n &&
			__builtin_memcmp(s->lits, f->lit, bytes) == 0)
			return s;
	s = dpf_bump_take(&w->g->mem, 1, sizeof(*s) + bytes);
	if (s == NULL)
		return NULL;
	s->node = node;
	s->nlits = (uint16_t)f->n;
	__builtin_memcpy(s->lits, f->lit, bytes);
	s->next = *slot;
	*slot = s;
	return s;
}

/* Go on from NODE with the present facts; the result will be in SLOT. */
static int
visit(struct walk *w, uint32_t node, struct pruned **slot)
{
	struct state *s;

	while (node != GRAPH_ACCEPT && node != GRAPH_REJECT) {
		const struct graph_node *n = dpf_graph_at(w->g, node);
		const struct lit *t = &n->test->lit;
		enum verdict v;

		if (dpf_facts_fit(&w->facts, t->base,
			    (uint32_t)t->off + t->width) != FACT_YES)
			break;
		v = dpf_facts_decide(&w->facts, t);
		if (v == FACT_OPEN)
			break;
		node = v == FACT_YES ? n->yes : n->no;
	}
	if (node == GRAPH_ACCEPT || node == GRAPH_REJECT) {
		*slot = node == GRAPH_ACCEPT ? &w->out->accept
					     : &w->out->reject;
		return SP_OK;
	}
	s = state_at(w, node);
	if (s == NULL)
		return SP_ENOMEM;
	if (s->result != NULL) {
		*slot = s->result;
		return SP_OK;
	}
	s->slot = slot;
	s->up = w->top;
	w->top = s;
	return SP_OK;
}

/* All children of S are known: so is its result. */
static int
finish(struct walk *w, struct state *s)
{
	const struct lit *t = &dpf_graph_at(w->g, s->node)->test->lit;

	if (s->bounds)
		s->result = dpf_pruned_bounds(w->out, t, s->yes);
	else
		s->result = dpf_pruned_test(w->out, t, s->yes, s->no);
	*s->slot = s->result;
	w->top = s->up;
	return s->result == NULL ? SP_ENOMEM : SP_OK;
}

static int
step(struct walk *w, struct state *s)
{
	const struct graph_node *n = dpf_graph_at(w->g, s->node);
	const struct lit *t = &n->test->lit;
	uint32_t need = (uint32_t)t->off + t->width;
	struct lit fit;
	bool yes = s->stage == 0;
	int err;

	if (s->stage == 2)
		return finish(w, s);
	dpf_facts_cut(&w->facts, 0);
	__builtin_memcpy(w->facts.lit, s->lits, s->nlits * sizeof(*s->lits));
	w->facts.n = s->nlits;
	w->facts.steps = UINT32_MAX;
	s->bounds = yes && dpf_facts_fit(&w->facts, t->base, need) != FACT_YES;
	if (s->bounds) {
		fit = dpf_lit_fit(t->base, need);
		t = &fit;
	}
	err = dpf_facts_learn(&w->facts, t, yes);
	if (err != SP_OK)
		return err;
	if (s->bounds) {
		s->stage = 2;
		return visit(w,
			t->mask == 0 && n->test->lit.mask == 0 ? n->yes
							       : s->node,
			&s->yes);
	}
	s->stage++;
	return visit(w, yes ? n->yes : n->no, yes ? &s->yes : &s->no);
}

/* Where is each test, field and bound used last? */
static void
find_last_uses(struct graph *g)
{
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct graph_test *t = dpf_graph_at(g, i)->test;
		struct graph_need *n;

		if (t == NULL)
			continue;
		t->last = i;
		t->key->last = i;
		for (n = g->needs; n != NULL; n = n->next)
			if (n->base == t->lit.base &&
				n->need == (uint32_t)t->lit.off + t->lit.width)
				n->last = i;
	}
}

int
dpf_prune(struct graph *g, uint32_t root, struct pruned_graph *out)
{
	struct walk w = { .g = g, .out = out };
	size_t room = g->mem.left / 16 / sizeof(struct lit);
	struct lit *lits;
	int err;

	room = room < 48 ? 48 : room > 1024 ? 1024 : room;
	w.states = dpf_bump_take(
		&g->mem, g->tests_mask + 1, sizeof(struct state *));
	lits = dpf_bump_take(&g->mem, room, sizeof(*lits));
	if (w.states == NULL || lits == NULL ||
		dpf_pruned_init(out, g) != SP_OK)
		return SP_ENOMEM;
	find_last_uses(g);
	dpf_facts_init(&w.facts, g->bases, lits, room, UINT32_MAX);
	err = visit(&w, root, &out->root);
	while (err == SP_OK && w.top != NULL)
		err = step(&w, w.top);
	return err;
}
