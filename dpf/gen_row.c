/*
 * gen_row.c - code of a row (row.c): each field is loaded once, its value found
 * among the constants by binary search, three of them in a group.
 *
 * All bytes are known to be there.  Nothing enters a row but at its first node.
 */
#include "dpf/emit.h"

enum { GROUP_MAX = 3 };

/* The nodes of one field, which are searched. */
struct search {
	uint32_t n, groups;
	struct view view;
	uint32_t x;  /* the register of the value */
	ref_t after; /* where to go on when it is not found */
};

static struct tail *
tail_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static bool
is_like(const struct literal *a, const struct literal *b)
{
	return a->off == b->off && a->width == b->width && a->mask == b->mask;
}

/* How many nodes are in group I. */
static uint32_t
group_size(const struct search *q, uint32_t i)
{
	return (i + 1) * q->n / q->groups - i * q->n / q->groups;
}

static ref_t
skip(const struct dpf_set *s, ref_t r, uint32_t n)
{
	for (; n > 0; n--)
		r = tail_at(s, r)->link.next;
	return r;
}

static uint32_t
key_of(const struct gen *g, const struct search *q, ref_t r)
{
	return tail_at(g->s, r)->lit.value >> q->view.shift;
}

/* The choices that begin at group I, whose first node is R. */
static void
gen_choices(struct gen *g, const struct search *q, uint32_t i, ref_t r)
{
	uint32_t lo = 0, hi = q->groups;

	while (lo != i) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (i < mid)
			hi = mid;
		else
			lo = mid;
	}
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		uint32_t from = lo * q->n / q->groups;
		ref_t m = skip(g->s, r, mid * q->n / q->groups - from);
		uint32_t key = key_of(g, q, m);

		if (key <= 0x7fff)
			dpf_gen_op(g, mips_i(MIPS_OP_sltiu, REG_CONST, q->x,
					      (int32_t)key));
		else
			dpf_gen_op(g, mips_r(MIPS_OP_sltu, REG_CONST, q->x,
					      dpf_gen_const(g, key)));
		dpf_gen_branch(g, MIPS_OP_beq, REG_CONST, MIPS_ZERO,
			tail_at(g->s, m)->label, false);
		hi = mid;
	}
}

/* Compare with the nodes of group I from R on; returns what follows them. */
static ref_t
gen_group(struct gen *g, const struct search *q, uint32_t i, ref_t r)
{
	struct tail *t = tail_at(g->s, r);

	if (i > 0) /* otherwise it is the label of the whole search */
		t->label = dpf_gen_label(g);
	gen_choices(g, q, i, r);
	for (uint32_t n = group_size(q, i); n > 0; n--) {
		uint32_t c;

		g->about.first = g->about.last = r;
		c = dpf_gen_const(g, key_of(g, q, r));
		t = tail_at(g->s, r);
		dpf_gen_branch(g, MIPS_OP_beq, q->x, c,
			tail_at(g->s, t->yes)->label, false);
		r = t->link.next;
	}
	if (r != q->after)
		dpf_gen_jump(g, tail_at(g->s, q->after)->label);
	return r;
}

/* Code for the nodes from R on that look at the same field; returns what follows
 * them. */
static ref_t
gen_field(struct gen *g, ref_t r, uint32_t reg)
{
	struct tail *t = tail_at(g->s, r);
	const struct literal *l = &t->lit;
	const struct tail *last = t;
	struct search q = { .n = 1 };

	while (tail_at(g->s, last->link.next)->in_row &&
		is_like(l, &tail_at(g->s, last->link.next)->lit)) {
		last = tail_at(g->s, last->link.next);
		q.n++;
	}
	q.after = last->no;
	g->about.first = g->about.last = r;
	q.groups = (q.n + GROUP_MAX - 1) / GROUP_MAX;
	t->label = dpf_gen_label(g);
	g->raw_valid = false;
	q.view = dpf_view(g->s, l->base, l->off, l->width, l->mask);
	q.x = dpf_gen_view(g, l->base, reg, &q.view);
	for (uint32_t i = 0; i < q.groups; i++)
		r = gen_group(g, &q, i, r);
	return r;
}

ref_t
dpf_gen_row(struct gen *g, ref_t r, uint32_t reg)
{
	do
		r = gen_field(g, r, reg);
	while (tail_at(g->s, r)->in_row);
	return r;
}
