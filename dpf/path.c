/*
 * path.c - the accepting paths of a filter as canonical conjunctions.
 *
 * All loads of a path lie in the frame and all its literals hold: that does
 * not depend on their order, so they are sorted, and differently written
 * filters share the beginning of their paths.  Two paths of one filter never
 * accept the same frame; dropping what other literals imply keeps that so.
 */
#include "dpf/trie.h"

#include "dpf/facts.h"

enum {
	MAX_PATHS = 4096,
	MAX_LITERALS = 1 << 16, /* over all paths, repetitions included */
};

enum fate { FATE_KEEP, FATE_DROP, FATE_FALSE };

/* --- order ---------------------------------------------------------------- */

/* A total order; with BY_KIND, equations come before everything else. */
static int
compare(const struct dpf_set *s, const struct literal *a,
	const struct literal *b, bool by_kind)
{
	int c;

	if (by_kind && (a->kind == KIND_EQ) != (b->kind == KIND_EQ))
		return a->kind == KIND_EQ ? -1 : 1;
	c = dpf_base_compare(s, a->base, b->base);
	if (c != 0)
		return c;
	if (a->off != b->off)
		return a->off < b->off ? -1 : 1;
	if (a->width != b->width)
		return a->width < b->width ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->mask != b->mask)
		return a->mask < b->mask ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

/* Shell sort: no recursion, no memory, and quick on what is nearly sorted. */
static void
sort(const struct dpf_set *s, struct literal *l, uint32_t n, bool by_kind)
{
	uint32_t gap = 1;

	while (gap < n / 3)
		gap = 3 * gap + 1;
	for (; gap > 0; gap /= 3) {
		for (uint32_t i = gap; i < n; i++) {
			struct literal x = l[i];
			uint32_t j = i;

			for (; j >= gap &&
				compare(s, &x, &l[j - gap], by_kind) < 0;
				j -= gap)
				l[j] = l[j - gap];
			l[j] = x;
		}
	}
}

/* --- one literal ---------------------------------------------------------- */

static enum fate
make_bound(struct literal *l)
{
	if (l->base == REF_LEN)
		return FATE_DROP;
	l->kind = KIND_BOUND;
	l->off = (uint16_t)(l->off + l->width - 1);
	l->width = 1;
	l->mask = l->value = 0;
	return FATE_KEEP;
}

static enum fate
tidy_equation(struct literal *l)
{
	bool equal = l->kind == KIND_EQ;

	if ((l->value & ~l->mask) != 0)
		return equal ? FATE_FALSE : make_bound(l);
	if (l->mask == 0)
		return equal ? make_bound(l) : FATE_FALSE;
	if (!equal && (l->mask & (l->mask - 1)) == 0) {
		l->kind = KIND_EQ; /* a bit that is not 1 is 0 */
		l->value ^= l->mask;
	}
	return FATE_KEEP;
}

/* Comparisons that only look at the upper bits of a field are equations. */
static enum fate
tidy_order(struct literal *l)
{
	bool greater = l->kind == KIND_GT;

	if (l->value >= l->mask)
		return greater ? FATE_FALSE : make_bound(l);
	if ((l->value & (l->value + 1)) == 0) { /* all ones below some bit */
		l->mask &= ~l->value;
		l->value = 0;
		l->kind = greater ? KIND_NE : KIND_EQ;
		return tidy_equation(l);
	}
	return FATE_KEEP;
}

static enum fate
tidy(struct literal *l)
{
	if (l->width < 4)
		l->mask &= dpf_width_mask(l->width);
	return l->kind == KIND_EQ || l->kind == KIND_NE ? tidy_equation(l)
							: tidy_order(l);
}

/* --- a conjunction -------------------------------------------------------- */

static bool
same_field(const struct literal *a, const struct literal *b)
{
	return a->base == b->base && a->off == b->off && a->width == b->width &&
	       a->kind != KIND_BOUND && b->kind != KIND_BOUND;
}

/* What of B remains to be tested behind A, on the same field. */
static enum fate
against(struct literal *a, const struct literal *b)
{
	uint32_t v = a->value & b->mask;
	bool known = a->kind == KIND_EQ && (b->mask & ~a->mask) == 0;

	switch (b->kind) {
	case KIND_EQ:
		if (a->kind != KIND_EQ)
			return FATE_KEEP;
		if (((a->value ^ b->value) & a->mask & b->mask) != 0)
			return FATE_FALSE;
		a->mask |= b->mask;
		a->value |= b->value;
		return FATE_DROP;
	case KIND_NE:
		if (a->kind == KIND_EQ && (v ^ b->value) & a->mask & b->mask)
			return FATE_DROP;
		if (known)
			return FATE_FALSE;
		return a->kind == KIND_NE && a->mask == b->mask &&
				       a->value == b->value
			       ? FATE_DROP
			       : FATE_KEEP;
	case KIND_GT:
		if (known)
			return v > b->value ? FATE_DROP : FATE_FALSE;
		if (a->kind != KIND_GT || a->mask != b->mask)
			return FATE_KEEP;
		a->value = b->value; /* sorted: the larger one */
		return FATE_DROP;
	default:
		if (known)
			return v <= b->value ? FATE_DROP : FATE_FALSE;
		if (a->mask != b->mask)
			return FATE_KEEP;
		if (a->kind == KIND_GT && b->value <= a->value)
			return FATE_FALSE;
		return a->kind == KIND_LE ? FATE_DROP : FATE_KEEP;
	}
}

/* Does L's load say that NEED bytes behind BASE are in the frame? */
static bool
covers(const struct dpf_set *s, const struct literal *l, ref_t base,
	uint32_t need)
{
	uint32_t reach = (uint32_t)l->off + l->width;
	ref_t at = l->base;

	if (at == REF_LEN)
		return false;
	while (at != base && at != REF_FRAME) { /* a base never moves back */
		const struct base *b = trie_at(s, at);
		uint32_t own = (uint32_t)b->off + b->width;

		reach = reach > own ? reach : own;
		at = b->from;
	}
	return at == base && reach >= need;
}

static bool
bound_is_implied(const struct dpf_set *s, const struct literal *lits,
	uint32_t n, uint32_t i)
{
	const struct literal *b = &lits[i];

	for (uint32_t k = 0; k < n; k++)
		if (k != i && covers(s, &lits[k], b->base, b->off + 1u))
			return true;
	return false;
}

/*
 * Fold literals on the same field.  EQ sorts first, so the field's equation is
 * complete before it is held against the others.
 */
static bool
fold(struct literal *lits, uint32_t *n)
{
	uint32_t out = 0, first = 0;

	for (uint32_t i = 0; i < *n; i++) {
		enum fate fate = FATE_KEEP;

		if (out > 0 && !same_field(&lits[first], &lits[i]))
			first = out;
		if (out > first)
			fate = against(&lits[first], &lits[i]);
		if (fate == FATE_KEEP && out > first + 1)
			fate = against(&lits[out - 1], &lits[i]);
		if (fate == FATE_FALSE)
			return false;
		if (fate == FATE_KEEP)
			lits[out++] = lits[i];
	}
	*n = out;
	return true;
}

/*
 * Drop bounds that another literal implies.  Within a base the next literal
 * reaches at least as far, so at most one bound a base is left to look at.
 */
static void
drop_bounds(const struct dpf_set *s, struct literal *lits, uint32_t *n)
{
	uint32_t out = 0, i;

	for (i = 0; i < *n; i++)
		if (lits[i].kind != KIND_BOUND || i + 1 == *n ||
			lits[i].base != lits[i + 1].base)
			lits[out++] = lits[i];
	*n = out;
	for (i = 0; i < *n; i++) {
		if (lits[i].kind != KIND_BOUND ||
			!bound_is_implied(s, lits, *n, i))
			continue;
		for (uint32_t k = i + 1; k < *n; k++)
			lits[k - 1] = lits[k];
		(*n)--;
		i--;
	}
}

bool
dpf_conjunction(const struct dpf_set *s, struct literal *lits, uint32_t *n)
{
	uint32_t out = 0;

	for (uint32_t i = 0; i < *n; i++) {
		enum fate fate = tidy(&lits[i]);

		if (fate == FATE_FALSE)
			return false;
		if (fate == FATE_KEEP)
			lits[out++] = lits[i];
	}
	sort(s, lits, out, false);
	if (!fold(lits, &out))
		return false;
	drop_bounds(s, lits, &out);
	sort(s, lits, out, true);
	*n = out;
	return true;
}

/* --- all paths ------------------------------------------------------------ */

size_t
dpf_walk_bytes(const struct dpf_filter *f)
{
	size_t n = (size_t)f->nnodes + 1;

	return n * (sizeof(struct literal) + sizeof(uint32_t) +
			   sizeof(uint16_t) + sizeof(uint8_t)) +
	       8;
}

/* How many accepting paths lead on from TO, and how many nodes they have. */
static uint32_t
paths_to(const struct walk *w, uint16_t to)
{
	if (to == DPF_ACCEPT)
		return 1;
	return to == DPF_REJECT ? 0 : w->paths[to];
}

/* The lengths are summed up in the memory of the literals. */
static uint32_t
nodes_to(const struct walk *w, uint16_t to)
{
	return to >= DPF_REJECT ? 0 : w->lits[to].value;
}

int
dpf_walk_start(struct walk *w, const struct dpf_set *s,
	const struct dpf_filter *f, void *scratch)
{
	size_t n = (size_t)f->nnodes + 1;

	w->filter = f;
	w->set = s;
	w->lits = scratch;
	w->paths = (uint32_t *)(w->lits + n);
	w->stack = (uint16_t *)(w->paths + n);
	w->no = (uint8_t *)(w->stack + n);
	w->depth = 0;
	w->node = f->root;
	for (uint32_t i = f->nnodes; i-- > 0;) {
		const struct dpf_node *node = &f->nodes[i];
		uint32_t paths = paths_to(w, node->yes) + paths_to(w, node->no);
		uint32_t nodes =
			nodes_to(w, node->yes) + nodes_to(w, node->no) + paths;

		if (paths > MAX_PATHS || nodes > MAX_LITERALS) {
			paths = MAX_PATHS + 1; /* the sums cannot wrap */
			nodes = MAX_LITERALS + 1;
		}
		w->paths[i] = paths;
		w->lits[i].value = nodes;
	}
	return paths_to(w, f->root) > MAX_PATHS ? SP_EUNSUPPORTED : SP_OK;
}

bool
dpf_walk_uses(const struct walk *w, uint32_t base)
{
	for (uint32_t i = 0; i < w->filter->nnodes; i++) {
		uint32_t b = w->filter->nodes[i].base;

		if (w->paths[i] == 0 || b == DPF_BASE_LEN)
			continue;
		while (b > base)
			b = w->filter->bases[b - 1].from;
		if (b == base)
			return true;
	}
	return false;
}

/* The stacked path as literals. */
static bool
path_conjunction(struct walk *w)
{
	for (uint32_t i = 0; i < w->depth; i++) {
		const struct dpf_node *n = &w->filter->nodes[w->stack[i]];
		struct literal *l = &w->lits[i];

		l->base = n->base == DPF_BASE_LEN ? (ref_t)REF_LEN
						  : w->bases[n->base];
		l->off = n->off;
		l->width = n->width;
		l->mask = n->mask;
		l->value = n->value;
		if (n->op == DPF_EQ)
			l->kind = w->no[i] ? KIND_NE : KIND_EQ;
		else
			l->kind = w->no[i] ? KIND_LE : KIND_GT;
	}
	w->nlits = w->depth;
	return dpf_conjunction(w->set, w->lits, &w->nlits);
}

/* Leave what is done; false when nothing is left. */
static bool
turn_back(struct walk *w)
{
	while (w->depth > 0 && w->no[w->depth - 1])
		w->depth--;
	if (w->depth == 0)
		return false;
	w->no[w->depth - 1] = 1;
	w->node = w->filter->nodes[w->stack[w->depth - 1]].no;
	return true;
}

bool
dpf_walk_next(struct walk *w)
{
	for (;;) {
		if (w->node == DPF_ACCEPT) {
			w->node = DPF_REJECT;
			if (path_conjunction(w))
				return true;
		} else if (paths_to(w, w->node) > 0) {
			w->stack[w->depth] = w->node;
			w->no[w->depth++] = 0;
			w->node = w->filter->nodes[w->node].yes;
		} else if (!turn_back(w)) {
			return false;
		}
	}
}
