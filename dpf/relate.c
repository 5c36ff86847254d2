/*
 * relate.c - how the frames of two filters lie to each other.
 *
 * Every path of one filter to "accept" is followed through the other with the
 * facts that it established.  A leaf that no facts rule out is believed only
 * when a frame was built (witness.c) that really goes there; that no leaf of a
 * kind is left proves containment or disjointness.  Of a residual nothing is
 * known but that it may take away any frame.
 */
#include "dpf/witness.h"

#include "dpf/graph.h"

/* What can become of a frame that the first filter accepts. */
enum leaf { LEAF_BOTH, LEAF_FIRST_ONLY, LEAF_KINDS };

/* A point of choice on the way down. */
struct choice {
	uint16_t node;
	uint8_t side;   /* 0: the first filter, 1: the second */
	uint8_t stage;  /* branches taken */
	bool bounds;    /* the choice is whether the load succeeds */
	uint32_t facts; /* how many there were */
};

struct side {
	const struct dpf_filter *f;
	uint8_t base[DPF_MAX_BASES + 1]; /* its bases in the common table */
};

struct search {
	struct facts facts;
	struct dpf_base bases[FACT_BASES];
	unsigned nbases;
	struct side side[2]; /* in the order in which they are followed */
	struct choice *choice;
	size_t n, room;
	struct witness witness;
	bool wanted[LEAF_KINDS]; /* not yet proved to exist */
	bool seen[LEAF_KINDS];
	uint32_t steering;  /* steps that may be spent on residuals */
	bool same_residual; /* what one takes away, so does the other */
	struct dpf_example *ex;
};

/* The number of base B of side S in the common table. */
static void
add_base(struct search *s, struct side *side, unsigned b)
{
	struct dpf_base def = side->f->bases[b - 1];
	unsigned i;

	def.from = side->base[def.from];
	for (i = 0; i < s->nbases; i++)
		if (__builtin_memcmp(&s->bases[i], &def, sizeof(def)) == 0)
			break;
	if (i == s->nbases)
		s->bases[s->nbases++] = def;
	side->base[b] = (uint8_t)(i + 1);
}

static void
set_side(struct search *s, unsigned i, const struct dpf_filter *f)
{
	s->side[i].f = f;
	for (unsigned b = 1; b <= f->nbases; b++)
		add_base(s, &s->side[i], b);
}

/* Lay out the working memory; NULL when it is too small. */
static struct search *
start(void *scratch, size_t bytes, const struct dpf_filter *a,
	const struct dpf_filter *b, uint32_t steps, struct dpf_example *ex)
{
	struct bump mem;
	struct search *s;
	struct lit *lits;
	size_t room;

	dpf_bump_init(&mem, scratch, bytes);
	s = dpf_bump_take(&mem, 1, sizeof(*s));
	if (s == NULL)
		return NULL;
	room = mem.left / (sizeof(struct lit) * 2 + sizeof(struct choice));
	s->room = room;
	lits = dpf_bump_take(&mem, 2 * room, sizeof(*lits));
	s->choice = dpf_bump_take(&mem, room, sizeof(*s->choice));
	if (lits == NULL || s->choice == NULL)
		return NULL;
	set_side(s, 0, a);
	set_side(s, 1, b);
	dpf_facts_init(&s->facts, s->bases, lits, 2 * room, steps);
	s->ex = ex;
	return s;
}

/* The test of NODE on side S; false when nothing can pass it. */
static bool
test_at(const struct search *s, unsigned side, uint16_t node, struct lit *t)
{
	const struct side *d = &s->side[side];
	bool possible = dpf_lit_from_node(&d->f->nodes[node], t);

	if (t->base != DPF_BASE_LEN)
		t->base = d->base[t->base];
	return possible;
}

/* The leaf that a frame is looked for. */
struct sought {
	const struct search *s;
	enum leaf kind;
};

static bool
goes_there(const struct witness *w, void *arg)
{
	const struct sought *to = arg;
	const struct side *side = to->s->side;

	return dpf_interp(side[0].f, w->frame, w->len, w->len) &&
	       dpf_interp(side[1].f, w->frame, w->len, w->len) ==
		       (to->kind == LEAF_BOTH);
}

/* Is there a frame for a leaf of KIND? */
static bool
find_frame(struct search *s, enum leaf kind)
{
	struct sought to = { .s = s, .kind = kind };
	struct witness *w = &s->witness;

	for (unsigned try = 0; try < WITNESS_TRIES; try++) {
		uint32_t cost = 8 * (uint32_t)s->facts.n + 16;

		if (s->facts.steps <= cost) {
			s->facts.steps = 0;
			return false;
		}
		s->facts.steps -= cost;
		if (!dpf_witness_build(w, &s->facts, try))
			continue;
		if (goes_there(w, &to) ||
			dpf_witness_steer(w, s->side[0].f, goes_there, &to,
				&s->steering) ||
			dpf_witness_steer(
				w, s->side[1].f, goes_there, &to, &s->steering))
			return true;
	}
	return false;
}

/* The facts allow a leaf of KIND: is there a frame? */
static void
reach_leaf(struct search *s, enum leaf kind)
{
	s->seen[kind] = true;
	if (!s->wanted[kind] || !find_frame(s, kind))
		return;
	s->wanted[kind] = false;
	if (kind != LEAF_BOTH || s->witness.len > sizeof(s->ex->frame))
		return;
	s->ex->len = s->witness.len;
	__builtin_memcpy(s->ex->frame, s->witness.frame, s->witness.len);
}

static int
push_choice(struct search *s, unsigned side, uint16_t node, bool bounds)
{
	if (s->n == s->room)
		return SP_ENOMEM;
	s->choice[s->n++] = (struct choice){
		.node = node,
		.side = (uint8_t)side,
		.bounds = bounds,
		.facts = (uint32_t)s->facts.n,
	};
	return SP_OK;
}

/* Both filters have been followed; the second one's graph ends at NODE. */
static void
reach_end(struct search *s, uint16_t node)
{
	bool both = node == DPF_ACCEPT;

	if (both)
		reach_leaf(s, LEAF_BOTH);
	if (!both || (s->side[1].f->nresidual > 0 && !s->same_residual))
		reach_leaf(s, LEAF_FIRST_ONLY);
}

/*
 * Follow SIDE from NODE as far as the facts decide, into the second filter when
 * the first has accepted; then note a leaf or a choice.
 */
static int
follow(struct search *s, unsigned side, uint16_t node)
{
	for (;;) {
		const struct dpf_node *n;
		enum verdict v;
		struct lit t;

		if (node == DPF_REJECT || node == DPF_ACCEPT) {
			if (side == 1)
				reach_end(s, node);
			if (side == 1 || node == DPF_REJECT)
				return SP_OK;
			side = 1;
			node = s->side[1].f->root;
			continue;
		}
		n = &s->side[side].f->nodes[node];
		v = test_at(s, side, node, &t) ? FACT_OPEN : FACT_NO;
		switch (dpf_facts_fit(
			&s->facts, t.base, (uint32_t)t.off + t.width)) {
		case FACT_OPEN:
			return push_choice(s, side, node, true);
		case FACT_NO:
			node = DPF_REJECT;
			continue;
		default:
			break;
		}
		if (v == FACT_OPEN)
			v = dpf_facts_decide(&s->facts, &t);
		if (v == FACT_OPEN)
			return push_choice(s, side, node, false);
		node = v == FACT_YES ? n->yes : n->no;
	}
}

/* Take the next branch of choice C: whether its load succeeds. */
static int
branch_bounds(struct search *s, const struct choice *c, bool yes)
{
	struct lit t, fit;
	int err;

	test_at(s, c->side, c->node, &t);
	fit = dpf_lit_fit(t.base, (uint32_t)t.off + t.width);
	/* That the first filter's load fails leads nowhere. */
	if (!yes && c->side == 0)
		return SP_OK;
	err = dpf_facts_learn(&s->facts, &fit, yes);
	if (err != SP_OK)
		return err;
	return follow(s, c->side, yes ? c->node : DPF_REJECT);
}

static int
branch(struct search *s, struct choice *c)
{
	const struct dpf_node *n = &s->side[c->side].f->nodes[c->node];
	bool yes = c->stage++ == 0;
	struct lit t;
	int err;

	dpf_facts_cut(&s->facts, c->facts);
	if (c->bounds)
		return branch_bounds(s, c, yes);
	test_at(s, c->side, c->node, &t);
	err = dpf_facts_learn(&s->facts, &t, yes);
	if (err != SP_OK)
		return err;
	return follow(s, c->side, yes ? n->yes : n->no);
}

/* Visit the leaves until none of the wanted kinds is left to be found. */
static int
search(struct search *s)
{
	int err = follow(s, 0, s->side[0].f->root);

	while (err == SP_OK && s->n > 0) {
		struct choice *c = &s->choice[s->n - 1];

		if (!s->wanted[LEAF_BOTH] && !s->wanted[LEAF_FIRST_ONLY])
			return SP_OK;
		if (s->facts.steps == 0)
			return SP_ETIME;
		if (c->stage == 2)
			s->n--;
		else
			err = branch(s, c);
	}
	return s->facts.steps == 0 ? SP_ETIME : err;
}

static void
exchange_sides(struct search *s)
{
	struct side a = s->side[0];

	s->side[0] = s->side[1];
	s->side[1] = a;
	s->n = 0;
	dpf_facts_cut(&s->facts, 0);
	s->seen[LEAF_FIRST_ONLY] = false;
	s->wanted[LEAF_FIRST_ONLY] = true;
}

static bool
same_residual(const struct dpf_filter *a, const struct dpf_filter *b)
{
	return a->nresidual == b->nresidual &&
	       (a->nresidual == 0 ||
		       __builtin_memcmp(a->residual, b->residual,
			       a->nresidual * sizeof(*a->residual)) == 0);
}

static bool
same_tables(const struct dpf_filter *a, const struct dpf_filter *b)
{
	return a->root == b->root && a->nbases == b->nbases &&
	       a->nnodes == b->nnodes &&
	       __builtin_memcmp(a->bases, b->bases,
		       a->nbases * sizeof(*a->bases)) == 0 &&
	       __builtin_memcmp(
		       a->nodes, b->nodes, a->nnodes * sizeof(*a->nodes)) == 0;
}

/* What one search from each side has shown. */
struct findings {
	bool complete; /* all leaves were visited, or a frame for each found */
	bool seen, proved;
};

static struct findings
findings(const struct search *s, enum leaf kind, int err)
{
	struct findings f = {
		.proved = !s->wanted[kind],
		.seen = s->seen[kind],
	};

	f.complete = err == SP_OK || f.proved;
	return f;
}

static int
conclude(struct findings both, struct findings a_only, struct findings b_only)
{
	bool inside = a_only.complete && !a_only.seen;
	bool contains = b_only.complete && !b_only.seen;

	if (both.complete && !both.seen)
		return DPF_DISJOINT;
	if (inside)
		return contains ? DPF_EQUAL : DPF_INSIDE;
	if (contains)
		return DPF_CONTAINS;
	if (both.proved && a_only.proved && b_only.proved)
		return DPF_OVERLAPS;
	return DPF_UNDECIDED;
}

int
dpf_relate(const struct dpf_filter *a, const struct dpf_filter *b,
	void *scratch, size_t scratch_bytes, uint32_t steps,
	struct dpf_example *ex)
{
	struct findings both, a_only, b_only;
	struct search *s;
	bool same;
	int err;

	ex->len = 0;
	if (a->root == DPF_REJECT || b->root == DPF_REJECT)
		return DPF_DISJOINT;
	same = same_residual(a, b) && same_tables(a, b);
	s = start(scratch, scratch_bytes, a, b, steps, ex);
	if (s == NULL)
		return same ? DPF_EQUAL : DPF_UNDECIDED;
	s->same_residual = same_residual(a, b);
	s->steering = steps / 4;
	s->wanted[LEAF_BOTH] = true;
	s->wanted[LEAF_FIRST_ONLY] = !same;
	err = search(s);
	if (same)
		return DPF_EQUAL;
	both = findings(s, LEAF_BOTH, err);
	a_only = findings(s, LEAF_FIRST_ONLY, err);
	exchange_sides(s);
	if (both.complete && !both.seen)
		return DPF_DISJOINT;
	s->wanted[LEAF_BOTH] = false;
	err = search(s);
	b_only = findings(s, LEAF_FIRST_ONLY, err);
	return conclude(both, a_only, b_only);
}
