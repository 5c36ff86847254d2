/*
 * plan.c - what emit must know about a subtree before it makes code for it.
 *
 * Bottom-up, without recursion: the best rank below (alternatives are tried
 * best first), and how many bytes every accepting path below needs (checked
 * once, at the top).
 */
#include "dpf/emit.h"

enum { NEED_NONE = UINT16_MAX };

static uint32_t
max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t
min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* --- ranks ---------------------------------------------------------------- */

static bool
lower_rank(const struct dpf_set *s, ref_t a, ref_t b, uint32_t arg)
{
	const struct filter *x = trie_at(s, a), *y = trie_at(s, b);

	(void)arg;
	return x->rank < y->rank;
}

/* Ranks as small numbers: 1 for the lowest. */
static void
order_filters(const struct dpf_set *s)
{
	ref_t r = dpf_tree_chain(s, s->filters);
	uint32_t order = 0, rank = 0;

	r = dpf_list_sort(s, r, lower_rank, 0);
	while (r != 0) {
		struct filter *f = trie_at(s, r);

		if (order == 0 || f->rank != rank)
			order++;
		rank = f->rank;
		f->order = order;
		r = f->link.next;
	}
}

/* --- alternatives --------------------------------------------------------- */

/* Better ranks first; then any order that does not depend on history. */
static bool
tried_before(const struct dpf_set *s, ref_t a, ref_t b, uint32_t arg)
{
	const struct test *x = test_at(s, a), *y = test_at(s, b);
	int c;

	(void)arg;
	if (x->max != y->max)
		return x->max > y->max;
	c = dpf_base_compare(s, x->base, y->base);
	if (c != 0)
		return c < 0;
	if (x->off != y->off)
		return x->off < y->off;
	if (x->width != y->width)
		return x->width < y->width;
	if (x->kind != y->kind)
		return x->kind < y->kind;
	if (x->mask != y->mask)
		return x->mask < y->mask;
	return x->link.key < y->link.key;
}

/* A test that cannot beat the leaf of its place needs no code. */
static ref_t
unless_hidden(const struct dpf_set *s, ref_t test)
{
	const struct test *t = test_at(s, test);

	if (test == 0 || t->max <= place_at(s, t->parent)->leaf_order)
		return 0;
	return test;
}

ref_t
dpf_plan_next(const struct dpf_set *s, ref_t test)
{
	return unless_hidden(s, test_at(s, test)->link.next);
}

ref_t
dpf_plan_first(const struct dpf_set *s, ref_t place)
{
	return unless_hidden(s, place_at(s, place)->tests);
}

/* --- bottom up ------------------------------------------------------------ */

/* For ALL every filter is as good as any other, and no leaf hides a test. */
static void
plan_leaves(const struct dpf_set *s, struct place *p)
{
	p->leaf_order = p->leaf_id = 0;
	p->max = s->kind == DPF_SET_ALL;
	for (ref_t r = p->leaves; s->kind == DPF_SET_ONE && r != 0;) {
		const struct leaf *l = trie_at(s, r);
		const struct filter *f = trie_at(s, l->filter);

		if (f->order > p->leaf_order) {
			p->leaf_order = (uint16_t)f->order;
			p->leaf_id = (uint16_t)f->link.key;
		}
		r = l->next;
	}
	p->max = (uint16_t)max(p->max, p->leaf_order);
}

static void
plan_place(const struct dpf_set *s, ref_t place)
{
	struct place *p = place_at(s, place);
	uint32_t need = NEED_NONE, of_base = NEED_NONE;

	plan_leaves(s, p);
	p->tests = dpf_list_sort(s, p->tests, tried_before, 0);
	p->need_base = 0;
	for (ref_t r = dpf_plan_first(s, place); r != 0;
		r = dpf_plan_next(s, r)) {
		const struct test *t = test_at(s, r);

		p->max = (uint16_t)max(p->max, t->max);
		if (need == NEED_NONE)
			p->need_base = t->base;
		else if (p->need_base != t->base)
			p->need_base = 0;
		need = min(need, t->need);
		of_base = min(of_base, t->need_of_base);
	}
	if (p->leaves != 0 || need == NEED_NONE) {
		need = 0;
		p->need_base = 0;
	}
	if (p->need_base == REF_LEN)
		p->need_base = 0;
	p->need = (uint16_t)need;
	p->need_of_base = (uint16_t)(p->need_base != 0 ? of_base : 0);
}

static void
plan_test(const struct dpf_set *s, ref_t test)
{
	struct test *t = test_at(s, test);
	uint32_t need = NEED_NONE, of_base = NEED_NONE;

	t->max = 0;
	for (ref_t r = t->first; r != 0;) {
		const struct place *arm = place_at(s, r);

		t->max = (uint16_t)max(t->max, arm->max);
		need = min(need, arm->need);
		of_base = min(of_base, t->base != 0 && arm->need_base == t->base
					       ? arm->need_of_base
					       : 0);
		r = arm->link.next;
	}
	t->need_of_base = 0;
	if (t->base != REF_LEN) {
		of_base = max(of_base, (uint32_t)t->off + t->width);
		need = max(need, dpf_need_of_frame(s, t->base, of_base));
		t->need_of_base = (uint16_t)of_base;
	}
	t->need = (uint16_t)need;
}

void
dpf_plan(const struct dpf_set *s)
{
	ref_t place = s->root;

	order_filters(s);
	for (;;) {
		struct test *t;
		ref_t test = place_at(s, place)->tests;

		if (test != 0) { /* down */
			t = test_at(s, test);
			t->first = dpf_tree_chain(s, t->arms);
			place = t->first;
			continue;
		}
		for (;;) { /* up, or on to the next arm or test */
			plan_place(s, place);
			test = place_at(s, place)->parent;
			if (test == 0)
				return;
			place = place_at(s, place)->link.next;
			if (place != 0)
				break;
			plan_test(s, test);
			dpf_choose(s, test);
			t = test_at(s, test);
			if (t->link.next != 0) {
				t = test_at(s, t->link.next);
				t->first = dpf_tree_chain(s, t->arms);
				place = t->first;
				break;
			}
			place = t->parent;
		}
	}
}
