/*
 * walk.c - the accepting paths of a filter, one after the other.
 *
 * As graphs share nodes there may be far more paths than nodes.  Where that
 * would cost too much, paths end at entries of a tail (tail.c): at first at
 * nodes where ways join, as in (these hosts) and (those ports); at worst where
 * the filter first branches.
 */
#include "dpf/trie.h"

#include <spindle/bytes.h>

static uint32_t
max_paths(const struct walk *w)
{
	return w->set->kind == DPF_SET_ONE ? 4096 : 1024;
}

/*
 * How many literals all paths may have.  In a set of kind ONE most literals
 * that keep paths apart are dropped again; see dpf_walk_drops().
 */
static uint32_t
max_literals(const struct walk *w)
{
	return w->set->kind == DPF_SET_ONE ? 1 << 17 : 1 << 13;
}

/* A path in the trie compares one by one; a tail may search (row.c). */
enum { MAX_NOTS = 24 };

size_t
dpf_walk_bytes(const struct dpf_filter *f)
{
	size_t n = (size_t)f->nnodes + 1;

	return n * (sizeof(struct literal) + sizeof(uint32_t) + sizeof(ref_t) +
			   sizeof(uint16_t) + sizeof(uint8_t)) +
	       8;
}

/* --- counting --------------------------------------------------------------- */

static bool
is_entry(const struct walk *w, uint16_t node)
{
	return node < DPF_REJECT && (w->flags[node] & WALK_ENTRY) != 0;
}

/* How many accepting paths lead on from TO, and how many nodes they have. */
static uint32_t
paths_to(const struct walk *w, uint16_t to)
{
	if (to == DPF_ACCEPT || is_entry(w, to))
		return 1;
	return to == DPF_REJECT ? 0 : w->paths[to];
}

/* The lengths are summed up in the memory of the literals. */
static uint32_t
nodes_to(const struct walk *w, uint16_t to)
{
	return to >= DPF_REJECT || is_entry(w, to) ? 0 : w->lits[to].value;
}

/* How often the tests of a way on from TO may all have to come out false. */
static uint32_t
nots_to(const struct walk *w, uint16_t to)
{
	return to >= DPF_REJECT || is_entry(w, to) ? 0 : w->lits[to].mask;
}

static uint32_t
nots_at(const struct walk *w, const struct dpf_node *n)
{
	uint32_t yes = nots_to(w, n->yes), no = nots_to(w, n->no);

	if (w->set->kind == DPF_SET_ALL || paths_to(w, n->yes) == 0)
		no++; /* otherwise it may be dropped */
	return yes > no ? yes : no;
}

/* Count paths, as they are with the entries chosen so far; few enough? */
static bool
count(struct walk *w)
{
	const struct dpf_filter *f = w->filter;
	uint32_t too_many = max_paths(w) + 1, too_long = max_literals(w) + 1;

	for (uint32_t i = f->nnodes; i-- > 0;) {
		const struct dpf_node *n = &f->nodes[i];
		uint32_t paths = paths_to(w, n->yes) + paths_to(w, n->no);
		uint32_t nodes =
			nodes_to(w, n->yes) + nodes_to(w, n->no) + paths;

		w->paths[i] = paths < too_many ? paths : too_many;
		w->lits[i].value = nodes < too_long ? nodes : too_long;
		w->lits[i].mask = nots_at(w, n);
	}
	return paths_to(w, f->root) < too_many &&
	       nodes_to(w, f->root) < too_long &&
	       nots_to(w, f->root) <= MAX_NOTS;
}

bool
dpf_walk_is_live(const struct walk *w, uint16_t node)
{
	return paths_to(w, node) > 0;
}

/* --- where tails begin ------------------------------------------------------ */

static void
mark_way_to(struct walk *w, uint16_t to)
{
	if (to < DPF_REJECT && dpf_walk_is_live(w, to))
		w->flags[to] |=
			w->flags[to] & WALK_SEEN ? WALK_JOIN : WALK_SEEN;
}

static void
enter_at_joins(struct walk *w)
{
	const struct dpf_filter *f = w->filter;

	mark_way_to(w, f->root);
	for (uint32_t i = 0; i < f->nnodes; i++) {
		if ((w->flags[i] & WALK_SEEN) == 0)
			continue;
		mark_way_to(w, f->nodes[i].yes);
		if (f->nodes[i].no != f->nodes[i].yes)
			mark_way_to(w, f->nodes[i].no);
		if (w->flags[i] & WALK_JOIN)
			w->flags[i] |= WALK_ENTRY;
	}
}

static void
enter_at_first_branch(struct walk *w)
{
	const struct dpf_filter *f = w->filter;
	uint16_t node = f->root;

	for (uint32_t i = 0; i < f->nnodes; i++)
		w->flags[i] &= (uint8_t)~WALK_ENTRY;
	while (node < DPF_REJECT) {
		const struct dpf_node *n = &f->nodes[node];

		if (!dpf_walk_is_live(w, n->yes) || dpf_walk_is_live(w, n->no))
			break;
		node = n->yes;
	}
	if (node < DPF_REJECT)
		w->flags[node] |= WALK_ENTRY;
}

void
dpf_walk_start(struct walk *w, const struct dpf_set *s,
	const struct dpf_filter *f, void *scratch)
{
	size_t n = (size_t)f->nnodes + 1;

	w->filter = f;
	w->set = s;
	w->lits = scratch;
	w->paths = (uint32_t *)(w->lits + n);
	w->tails = w->paths + n;
	w->stack = (uint16_t *)(w->tails + n);
	w->flags = (uint8_t *)(w->stack + n);
	w->depth = 0;
	w->node = f->root;
	w->got = 0;
	w->look = NULL;
	for (size_t i = 0; i < n; i++)
		w->flags[i] = 0;
	w->has_tail = !count(w);
	if (f->nresidual > 0 && paths_to(w, f->root) > 1) {
		w->has_tail = true; /* one path: the residual is run once */
	} else if (!w->has_tail) {
		return;
	} else {
		enter_at_joins(w);
		if (count(w))
			return;
	}
	enter_at_first_branch(w);
	(void)count(w);
}

/* --- literals --------------------------------------------------------------- */

/* May some accepting path use base BASE of the filter? */
static bool
uses(const struct walk *w, uint32_t base)
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

int
dpf_walk_get_bases(struct dpf_set *s, struct walk *w)
{
	const struct dpf_filter *f = w->filter;

	w->bases[0] = REF_FRAME;
	for (uint32_t i = 1; i <= f->nbases; i++) {
		if (!uses(w, i))
			continue;
		w->bases[i] = dpf_base_get(
			s, &f->bases[i - 1], w->bases[f->bases[i - 1].from]);
		if (w->bases[i] == 0)
			return SP_ENOMEM;
		w->got |= BIT(i);
	}
	return SP_OK;
}

void
dpf_walk_put_bases(struct dpf_set *s, const struct walk *w)
{
	for (uint32_t i = 1; i <= DPF_MAX_BASES; i++)
		if (w->got & BIT(i))
			dpf_base_put(s, w->bases[i]);
}

struct literal
dpf_walk_literal(const struct walk *w, uint16_t node, bool no)
{
	const struct dpf_node *n = &w->filter->nodes[node];
	struct literal l = { .off = n->off,
		.width = n->width,
		.mask = n->mask,
		.value = n->value };

	l.base = n->base == DPF_BASE_LEN ? (ref_t)REF_LEN : w->bases[n->base];
	if (n->op == DPF_EQ)
		l.kind = no ? KIND_NE : KIND_EQ;
	else
		l.kind = no ? KIND_LE : KIND_GT;
	return l;
}

/*
 * When the other way out of a stacked node only jumps ahead on this very path,
 * frames that take it are accepted too if all else holds: the literal need not
 * be tested.  Paths of the filter may then accept the same frame, which does
 * no harm where one id is returned.
 */
bool
dpf_walk_drops(const struct walk *w, uint16_t node)
{
	const struct dpf_node *n = &w->filter->nodes[node];
	uint16_t other = w->flags[node] & WALK_NO ? n->yes : n->no;

	if (w->set->kind != DPF_SET_ONE)
		return false;
	return other == w->end ||
	       (other < DPF_REJECT && (w->flags[other] & WALK_STACKED));
}

/* The stacked path as literals. */
static bool
path_conjunction(struct walk *w)
{
	for (uint32_t i = 0; i < w->depth; i++) {
		uint16_t node = w->stack[i];

		w->lits[i] = dpf_walk_literal(
			w, node, (w->flags[node] & WALK_NO) != 0);
		if (dpf_walk_drops(w, node)) {
			w->lits[i].kind = KIND_EQ; /* its load remains */
			w->lits[i].mask = w->lits[i].value = 0;
		}
	}
	if (w->look != NULL)
		w->look(w, w->look_arg);
	w->nlits = w->depth;
	return dpf_conjunction(w->set, w->lits, &w->nlits);
}

/* --- the walk --------------------------------------------------------------- */

/* Leave what is done; false when nothing is left. */
static bool
turn_back(struct walk *w)
{
	uint16_t node;

	while (w->depth > 0 && (w->flags[w->stack[w->depth - 1]] & WALK_NO))
		w->flags[w->stack[--w->depth]] &=
			(uint8_t) ~(WALK_NO | WALK_STACKED);
	if (w->depth == 0)
		return false;
	node = w->stack[w->depth - 1];
	w->flags[node] |= WALK_NO;
	w->node = w->filter->nodes[node].no;
	return true;
}

bool
dpf_walk_next(struct walk *w)
{
	for (;;) {
		if (w->node == DPF_ACCEPT || is_entry(w, w->node)) {
			w->end = w->node;
			w->node = DPF_REJECT;
			if (path_conjunction(w))
				return true;
		} else if (dpf_walk_is_live(w, w->node)) {
			w->stack[w->depth++] = w->node;
			w->flags[w->node] |= WALK_STACKED;
			w->node = w->filter->nodes[w->node].yes;
		} else if (!turn_back(w)) {
			return false;
		}
	}
}
