/*
 * row.c - rows: equations in a tail that all lead to the same node if they hold.
 *
 * What expressions like `host A or host B or ...` become.  As the first of a row
 * needs as many bytes as any other, the order of the others means nothing: they
 * are sorted by field and value, and gen_row.c searches.
 */
#include "dpf/trie.h"

enum { ROW_MIN = 5 };

static struct tail *
tail_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static void
lead_to(const struct dpf_set *s, ref_t r)
{
	struct tail *t = tail_at(s, r);

	t->joined = t->led_to;
	t->led_to = true;
}

/* Which nodes does more than one way lead to? */
static void
find_joins(const struct dpf_set *s, ref_t head)
{
	for (ref_t r = head; r != 0; r = tail_at(s, r)->link.next) {
		const struct tail *t = tail_at(s, r);

		if (t->is_end)
			continue;
		lead_to(s, t->yes);
		if (t->no != t->yes)
			lead_to(s, t->no);
	}
}

static uint32_t
need_of(const struct tail *t)
{
	return (uint32_t)t->lit.off + t->lit.width;
}

/* May the node behind LAST be in a row that begins with FIRST? */
static bool
goes_on(const struct dpf_set *s, const struct tail *first,
	const struct tail *last)
{
	const struct tail *t = tail_at(s, last->no);

	return last->no == last->link.next && !t->is_end && !t->entered &&
	       !t->joined && t->yes != t->no && t->yes == first->yes &&
	       t->lit.kind == KIND_EQ && t->lit.base == first->lit.base &&
	       need_of(t) <= need_of(first);
}

/* By field, then by value. */
static bool
before(const struct dpf_set *s, ref_t a, ref_t b, uint32_t arg)
{
	const struct literal *x = &tail_at(s, a)->lit, *y = &tail_at(s, b)->lit;

	(void)arg;
	if (x->off != y->off)
		return x->off < y->off;
	if (x->width != y->width)
		return x->width < y->width;
	if (x->mask != y->mask)
		return x->mask < y->mask;
	return x->value < y->value;
}

/* Sort the nodes behind FIRST up to LAST. */
static void
sort(const struct dpf_set *s, struct tail *first, struct tail *last)
{
	ref_t next = last->link.next, no = last->no;
	struct tail *t = first;

	last->link.next = 0;
	first->no = dpf_list_sort(s, first->link.next, before, 0);
	first->link.next = first->no;
	while (t->link.next != 0) {
		t = tail_at(s, t->link.next);
		t->no = t->link.next;
		t->in_row = true;
	}
	t->link.next = next;
	t->no = no;
}

void
dpf_rows_sort(const struct dpf_set *s, ref_t head)
{
	find_joins(s, head);
	while (!tail_at(s, head)->is_end) {
		struct tail *first = tail_at(s, head), *last = first;
		uint32_t n = 1;

		head = first->link.next;
		if (first->lit.kind != KIND_EQ || first->yes == first->no)
			continue;
		for (; goes_on(s, first, last); n++)
			last = tail_at(s, last->no);
		if (n < ROW_MIN)
			continue;
		head = last->link.next;
		sort(s, first, last);
	}
}
