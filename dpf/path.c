/*
 * path.c - one accepting path of a filter as a canonical conjunction.
 *
 * All loads of a path lie in the frame and all its literals hold: that does
 * not depend on their order, so they are sorted, and differently written
 * filters share the beginning of their paths.
 */
#include "dpf/trie.h"

#include "dpf/facts.h"

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

enum fate
dpf_literal_bound(struct literal *l)
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
		return equal ? FATE_FALSE : dpf_literal_bound(l);
	if (l->mask == 0)
		return equal ? dpf_literal_bound(l) : FATE_FALSE;
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
		return greater ? FATE_FALSE : dpf_literal_bound(l);
	if ((l->value & (l->value + 1)) == 0) { /* all ones below some bit */
		l->mask &= ~l->value;
		l->value = 0;
		l->kind = greater ? KIND_NE : KIND_EQ;
		return tidy_equation(l);
	}
	return FATE_KEEP;
}

enum fate
dpf_literal_tidy(struct literal *l)
{
	if (l->width < 4)
		l->mask &= dpf_width_mask(l->width);
	return l->kind == KIND_EQ || l->kind == KIND_NE ? tidy_equation(l)
							: tidy_order(l);
}

void
dpf_literal_key(struct literal *l)
{
	unsigned drop = 32 - 8 * (unsigned)l->width;

	if (l->base == REF_LEN || (l->kind != KIND_EQ && l->kind != KIND_NE))
		return;
	l->mask = __builtin_bswap32(l->mask) >> drop;
	l->value = __builtin_bswap32(l->value) >> drop;
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

bool
dpf_literal_covers(const struct dpf_set *s, const struct literal *l, ref_t base,
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
		if (k != i &&
			dpf_literal_covers(s, &lits[k], b->base, b->off + 1u))
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
		enum fate fate = dpf_literal_tidy(&lits[i]);

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
