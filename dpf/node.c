/*
 * node.c - make the nodes of the pruned graph, each once, in one order.
 *
 * Equal nodes are one.  Tests of one field for several values, which cannot
 * both come true, are put in ascending order, and a value that leads where it
 * would lead without its test has none: so (tcp or udp) is (udp or tcp).
 */
#include "dpf/prune.h"

/* As far as one value moves down a row of them: building stays linear. */
enum { ROW_MAX = 16 };

uint32_t
dpf_hash_words(const void *words, size_t bytes, uint32_t hash)
{
	const uint32_t *w = words;

	for (size_t i = 0; i < bytes / 4; i++) {
		hash = (hash ^ w[i]) * 0x9e3779b1u;
		hash ^= hash >> 15;
	}
	return hash;
}

int
dpf_pruned_init(struct pruned_graph *p, struct graph *g)
{
	__builtin_memset(p, 0, sizeof(*p));
	p->g = g;
	p->accept.serial = 1;
	p->reject.serial = 2;
	p->serial = 2;
	p->table = dpf_bump_take(
		&g->mem, g->tests_mask + 1, sizeof(struct pruned *));
	return p->table == NULL ? SP_ENOMEM : SP_OK;
}

static bool
is_end(const struct pruned_graph *p, const struct pruned *r)
{
	return r == &p->accept || r == &p->reject;
}

/* Find or make the node (LIT, YES, NO). */
static struct pruned *
make(struct pruned_graph *p, const struct lit *lit, struct pruned *yes,
	struct pruned *no)
{
	uint32_t hash = dpf_hash_words(lit, sizeof(*lit), yes->serial * 31) +
			no->serial * 0x85ebca6bu;
	struct pruned **slot = &p->table[hash & p->g->tests_mask];
	struct pruned *r;

	for (r = *slot; r != NULL; r = r->next)
		if (r->yes == yes && r->no == no &&
			__builtin_memcmp(&r->lit, lit, sizeof(*lit)) == 0)
			return r;
	r = dpf_bump_take(&p->g->mem, 1, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->lit = *lit;
	r->yes = yes;
	r->no = no;
	r->serial = ++p->serial;
	r->next = *slot;
	*slot = r;
	return r;
}

/* Is R a test of the same bits as T for some value? */
static bool
is_in_row(const struct pruned_graph *p, const struct pruned *r,
	const struct lit *t)
{
	return !is_end(p, r) && r->lit.op == LIT_EQ && r->lit.mask == t->mask &&
	       r->lit.base == t->base && r->lit.off == t->off &&
	       r->lit.width == t->width;
}

/* Where NO leads if the field of T has the value of T. */
static const struct pruned *
without_test(const struct pruned_graph *p, const struct lit *t,
	const struct pruned *no)
{
	while (is_in_row(p, no, t))
		no = no->lit.value == t->value ? no->yes : no->no;
	return no;
}

struct pruned *
dpf_pruned_test(struct pruned_graph *p, const struct lit *t, struct pruned *yes,
	struct pruned *no)
{
	const struct pruned *passed[ROW_MAX];
	struct pruned *r = no;
	unsigned n = 0;

	if (yes == no)
		return yes;
	if (t->op != LIT_EQ)
		return make(p, t, yes, no);
	if (without_test(p, t, no) == yes)
		return no;
	while (n < ROW_MAX && is_in_row(p, r, t) && r->lit.value < t->value) {
		passed[n++] = r;
		r = r->no;
	}
	r = make(p, t, yes, r);
	while (r != NULL && n-- > 0)
		r = make(p, &passed[n]->lit, passed[n]->yes, r);
	return r;
}

struct pruned *
dpf_pruned_bounds(
	struct pruned_graph *p, const struct lit *t, struct pruned *child)
{
	uint32_t need = (uint32_t)t->off + t->width;
	struct lit fit = dpf_lit_fit(t->base, need);

	if (child == &p->reject)
		return child;
	if (!is_end(p, child) &&
		dpf_lit_reach(p->g->bases, &child->lit, t->base) >= need)
		return child;
	return make(p, &fit, child, &p->reject);
}
