/*
 * plan.c - what emit must know about a subtree before it makes code for it.
 *
 * Bottom-up, without recursion: the best rank below (alternatives are tried
 * best first), and how many bytes every accepting path below needs (checked
 * once, at the top).
 */
#include "dpf/emit.h"
#include "dpf/table.h"

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

/* --- alternatives --------------------------------------------------------- */

/* Better ranks first; then any order that does not depend on history. */
bool
dpf_plan_before(const struct dpf_set *s, ref_t a, ref_t b, uint32_t arg)
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
	for (ref_t r = test; r != 0; r = dpf_range_next(s, test))
		test = r; /* the last of a group */
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
		const struct leaf *l = leaf_at(s, r);
		if (l->order > p->leaf_order) {
			p->leaf_order = l->order;
			p->leaf_id = l->id;
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
	for (ref_t r = p->tests; r != 0; r = test_at(s, r)->link.next)
		test_at(s, r)->head = 0;
	p->tests = dpf_list_sort(s, p->tests, dpf_plan_before, 0);
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
	dpf_ranges_group(s, place);
}

/* The test stands for all columns: what they need, and the best entry. */
static void
plan_table(const struct dpf_set *s, struct test *t)
{
	const struct table *table = table_at(s, t->link.key);
	uint32_t need = 0, of_base = 0;

	for (uint32_t i = 0; i < table->ncols; i++) {
		const struct column *c = &table->col[i];
		uint32_t end = (uint32_t)c->off + c->width;

		need = max(need, dpf_need_of_frame(s, c->base, end));
		if (c->base == t->base)
			of_base = max(of_base, end);
	}
	t->need = (uint16_t)need;
	t->need_of_base = (uint16_t)of_base;
	t->max = table->max;
	if (s->kind == DPF_SET_ALL)
		t->max = 1;
}

static void
plan_test(const struct dpf_set *s, ref_t test)
{
	struct test *t = test_at(s, test);
	uint32_t need = NEED_NONE, of_base = NEED_NONE;

	if (t->kind == KIND_TABLE) {
		plan_table(s, t);
		return;
	}
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
dpf_plan(struct dpf_set *s)
{
	ref_t place = s->trie;

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
