/*
 * range.c - comparisons of one field that exclude each other: search, do not try.
 *
 * Alternatives `a < field && field <= b` that overlap no other one of their group
 * are found by binary search, as arms of a test are.  What overlaps goes into
 * further groups, of which each frame passes as many as ranges overlap there.
 */
#include "dpf/emit.h"

enum {
	GROUP_MIN = 3,
	GROUPS_MAX = 16, /* of a place; what is left is tried one by one */
	IMMEDIATE = 0x7fff,
};

/* --- which ------------------------------------------------------------------- */

static bool
same_field(const struct test *a, const struct test *b)
{
	return a->base == b->base && a->off == b->off && a->width == b->width &&
	       a->mask == b->mask;
}

/* Cut [lo, hi] of T down to what X says. */
static void
cut(struct test *t, const struct test *x)
{
	uint32_t v = x->link.key;

	if (x->kind == KIND_GT)
		t->lo = v + 1 > t->lo ? v + 1 : t->lo;
	else
		t->hi = v < t->hi ? v : t->hi;
	t->inner = x->first;
}

/* What does T stand for, with the test that follows on it alone? */
static bool
is_range(const struct dpf_set *s, struct test *t)
{
	const struct place *arm = place_at(s, t->first);
	const struct test *next = test_at(s, arm->tests);

	if (t->kind != KIND_GT && t->kind != KIND_LE)
		return false;
	t->lo = 0;
	t->hi = t->mask;
	cut(t, t);
	if (arm->leaves == 0 && arm->tests != 0 && next->link.next == 0 &&
		(next->kind == KIND_GT || next->kind == KIND_LE) &&
		same_field(t, next))
		cut(t, next);
	return t->lo <= t->hi;
}

/* By field, then by the last value. */
static bool
ends_before(const struct dpf_set *s, ref_t a, ref_t b, uint32_t arg)
{
	const struct test *x = test_at(s, a), *y = test_at(s, b);
	int c = dpf_base_compare(s, x->base, y->base);

	(void)arg;
	if (c != 0)
		return c < 0;
	if (x->off != y->off)
		return x->off < y->off;
	if (x->width != y->width)
		return x->width < y->width;
	if (x->mask != y->mask)
		return x->mask < y->mask;
	if (x->hi != y->hi)
		return x->hi < y->hi;
	return x->lo < y->lo;
}

/* --- groups ------------------------------------------------------------------- */

/* Lists of tests, by link.next. */
struct split {
	const struct dpf_set *s;
	ref_t others, ranges;
};

static void
push(const struct dpf_set *s, ref_t *list, ref_t test)
{
	test_at(s, test)->link.next = *list;
	*list = test;
}

/* Those that the leaf of their place hides need no code. */
static bool
is_visible_range(const struct dpf_set *s, const struct place *p, ref_t test)
{
	struct test *t = test_at(s, test);

	return t->max > p->leaf_order && is_range(s, t);
}

static uint32_t
count(const struct dpf_set *s, const struct place *p)
{
	uint32_t n = 0;

	for (ref_t r = p->tests; r != 0; r = test_at(s, r)->link.next)
		n += is_visible_range(s, p, r);
	return n;
}

static void
split(struct split *q, const struct place *p)
{
	for (ref_t r = p->tests; r != 0;) {
		ref_t next = test_at(q->s, r)->link.next;

		if (is_visible_range(q->s, p, r))
			push(q->s, &q->ranges, r);
		else
			push(q->s, &q->others, r);
		r = next;
	}
	q->ranges = dpf_list_sort(q->s, q->ranges, ends_before, 0);
}

/* Take as many ranges as do not overlap, beginning with the first; the others
 * stay.  They are linked by `head` in ascending order; returns the first. */
static ref_t
take(struct split *q, uint32_t *n)
{
	ref_t first = q->ranges, last = first, *at = &q->ranges;
	const struct test *t = test_at(q->s, first);

	*n = 1;
	*at = t->link.next;
	test_at(q->s, first)->head = 0;
	while (*at != 0 && same_field(test_at(q->s, *at), t)) {
		ref_t r = *at;

		if (test_at(q->s, r)->lo <= test_at(q->s, last)->hi) {
			at = &test_at(q->s, r)->link.next;
			continue;
		}
		*at = test_at(q->s, r)->link.next;
		test_at(q->s, last)->head = r;
		test_at(q->s, r)->head = 0;
		last = r;
		++*n;
	}
	return first;
}

/* The N ranges that begin with HEAD are one alternative; its first is as good as
 * the best. */
static void
head_of(struct split *q, ref_t head, uint32_t n)
{
	struct test *h = test_at(q->s, head);

	h->groups = n;
	for (ref_t r = h->head; r != 0; r = test_at(q->s, r)->head)
		if (test_at(q->s, r)->max > h->max)
			h->max = test_at(q->s, r)->max;
	push(q->s, &q->others, head);
}

/* Too few to be searched. */
static void
give_back(struct split *q, ref_t first)
{
	while (first != 0) {
		ref_t next = test_at(q->s, first)->head;

		test_at(q->s, first)->head = 0;
		push(q->s, &q->others, first);
		first = next;
	}
}

/* Put the members of groups, linked by `head`, behind the first ones. */
static void
splice(const struct dpf_set *s, ref_t list)
{
	while (list != 0) {
		ref_t next = test_at(s, list)->link.next, last = list;
		ref_t r = test_at(s, list)->head;

		if (r != 0)
			test_at(s, list)->head = list;
		while (r != 0) {
			ref_t more = test_at(s, r)->head;

			test_at(s, last)->link.next = r;
			test_at(s, r)->head = list;
			last = r;
			r = more;
		}
		test_at(s, last)->link.next = next;
		list = next;
	}
}

void
dpf_ranges_group(const struct dpf_set *s, ref_t place)
{
	struct place *p = place_at(s, place);
	struct split q = { .s = s };

	if (count(s, p) < GROUP_MIN)
		return;
	split(&q, p);
	for (unsigned i = 0; i < GROUPS_MAX && q.ranges != 0; i++) {
		uint32_t n;
		ref_t head = take(&q, &n);

		if (n >= GROUP_MIN)
			head_of(&q, head, n);
		else
			give_back(&q, head);
	}
	while (q.ranges != 0) {
		ref_t r = q.ranges;

		q.ranges = test_at(s, r)->link.next;
		push(s, &q.others, r);
	}
	p->tests = dpf_list_sort(s, q.others, dpf_plan_before, 0);
	splice(s, p->tests);
}

ref_t
dpf_range_next(const struct dpf_set *s, ref_t test)
{
	const struct test *t = test_at(s, test);
	ref_t next = t->link.next;

	if (t->head == 0 || next == 0 || test_at(s, next)->head != t->head)
		return 0;
	return next;
}

/* --- code ---------------------------------------------------------------------- */

/* What all ranges of a group need. */
static void
needs(const struct dpf_set *s, ref_t head, uint32_t *need, uint32_t *of_base)
{
	*need = *of_base = UINT32_MAX;
	for (ref_t r = head; r != 0; r = dpf_range_next(s, r)) {
		const struct test *t = test_at(s, r);

		*need = t->need < *need ? t->need : *need;
		*of_base =
			t->need_of_base < *of_base ? t->need_of_base : *of_base;
	}
}

void
dpf_gen_ranges(struct gen *g, ref_t head)
{
	struct test *t = test_at(g->s, head);
	uint32_t fail = dpf_gen_label_of(g, t->fail), reg = REG_FRAME, x;
	uint32_t need, of_base;

	needs(g->s, head, &need, &of_base);
	dpf_gen_frame(g, need, fail);
	if (t->base == REF_LEN) {
		x = REG_WIRE;
	} else {
		if (t->base != REF_FRAME)
			reg = dpf_gen_base(g, t->base, of_base, fail);
		dpf_gen_load(g, t->base, reg, t->off, t->width);
		x = dpf_gen_number(g, t->width);
	}
	t->reg = (uint8_t)dpf_gen_mask(g, x, t->mask, t->width);
	t->group = 0;
	g->raw_valid = false;
}

/* REG_CONST: is X less than V? */
static void
less(struct gen *g, uint32_t x, uint32_t v)
{
	if (v <= IMMEDIATE)
		dpf_gen_op(g, mips_i(MIPS_OP_sltiu, REG_CONST, x, (int32_t)v));
	else
		dpf_gen_op(g, mips_r(MIPS_OP_sltu, REG_CONST, x,
				      dpf_gen_const(g, v)));
}

/* Binary search among the N ranges of a group, as far as it begins at RANGE,
 * which is the I-th. */
static void
gen_search(struct gen *g, ref_t range, uint32_t i, uint32_t n, uint32_t x)
{
	uint32_t lo = 0, hi = n;

	while (lo != i) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (i < mid)
			hi = mid;
		else
			lo = mid;
	}
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		ref_t r = range;

		for (uint32_t k = lo; k < mid; k++)
			r = test_at(g->s, r)->link.next;
		less(g, x, test_at(g->s, r)->lo);
		dpf_gen_branch(g, MIPS_OP_beq, REG_CONST, MIPS_ZERO,
			test_at(g->s, r)->label, false);
		hi = mid;
	}
}

/* Go to FAIL unless X, which is less than what the next range begins with, is
 * among the values of RANGE; and not less than where it begins unless FIRST. */
static void
gen_check(struct gen *g, ref_t range, bool first, uint32_t x, uint32_t fail)
{
	const struct test *t = test_at(g->s, range);
	ref_t next = dpf_range_next(g->s, range);

	if (first && t->lo > 0) {
		less(g, x, t->lo);
		dpf_gen_branch(
			g, MIPS_OP_bne, REG_CONST, MIPS_ZERO, fail, false);
	}
	if (t->hi != t->mask &&
		(next == 0 || test_at(g->s, next)->lo != t->hi + 1)) {
		less(g, x, t->hi + 1);
		dpf_gen_branch(
			g, MIPS_OP_beq, REG_CONST, MIPS_ZERO, fail, false);
	}
}

void
dpf_gen_range(struct gen *g, ref_t range)
{
	struct test *t = test_at(g->s, range), *h = test_at(g->s, t->head);
	uint32_t i = h->group++;

	dpf_gen_about(g, DPF_ITEM_CHOICE, t->head);
	if (i > 0)
		t->label = dpf_gen_label(g);
	gen_search(g, range, i, h->groups, h->reg);
	g->about = (struct about){
		.kind = DPF_ITEM_TEST, .first = t->first, .last = t->inner
	};
	gen_check(g, range, i == 0, h->reg, dpf_gen_label_of(g, t->fail));
	g->slot = 0; /* what follows may need the register of the value */
}
