/*
 * imply.c - what literals that hold together say about another one.
 *
 * Sound, not complete: "nothing" is always a good answer.  Fields behind
 * different bases are strangers; those behind one base are compared byte by
 * byte, however they were cut.
 */
#include "dpf/trie.h"

#include "dpf/facts.h"

static bool
same_field(const struct literal *a, const struct literal *b)
{
	return a->base == b->base && a->off == b->off && a->width == b->width;
}

/* Bits of L that lie in the field of T, as T's load sees them. */
static uint32_t
as_seen_by(const struct literal *t, const struct literal *l, uint32_t bits)
{
	int32_t by = 8 * ((int32_t)l->off - t->off);

	if (by <= -32 || by >= 32)
		return 0;
	return by < 0 ? bits >> -by : bits << by;
}

/* The number that a key of L's field is. */
static uint32_t
number_of(const struct literal *l, uint32_t key)
{
	if (l->base == REF_LEN)
		return key;
	return __builtin_bswap32(key) >> (32 - 8 * (unsigned)l->width);
}

static enum says
yes_if(bool yes)
{
	return yes ? SAYS_YES : SAYS_NO;
}

/* L and T are equations, T perhaps denied. */
static enum says
equation_says(const struct literal *l, const struct literal *t)
{
	uint32_t mask = as_seen_by(t, l, l->mask);
	uint32_t differ =
		(as_seen_by(t, l, l->value) ^ t->value) & mask & t->mask;

	if (differ != 0)
		return yes_if(t->kind == KIND_NE);
	if ((t->mask & ~mask) == 0)
		return yes_if(t->kind == KIND_EQ);
	return SAYS_NOTHING;
}

/* L is an equation, T a comparison. */
static enum says
value_says(const struct literal *l, const struct literal *t)
{
	uint32_t v;

	if (!same_field(l, t) || (t->mask & ~number_of(l, l->mask)) != 0)
		return SAYS_NOTHING;
	v = number_of(l, l->value) & t->mask;
	return yes_if(t->kind == KIND_GT ? v > t->value : v <= t->value);
}

/* Neither is an equation, or only T is. */
static enum says
comparison_says(const struct literal *l, const struct literal *t)
{
	if (!same_field(l, t))
		return SAYS_NOTHING;
	if (t->kind == KIND_EQ && l->kind != KIND_NE) {
		enum says back = value_says(t, l);

		return back == SAYS_NO ? SAYS_NO : SAYS_NOTHING;
	}
	if (l->mask != t->mask)
		return SAYS_NOTHING;
	if (l->kind == KIND_NE)
		return t->value != l->value ? SAYS_NOTHING
		       : t->kind == KIND_NE ? SAYS_YES
		       : t->kind == KIND_EQ ? SAYS_NO
					    : SAYS_NOTHING;
	if (t->kind == KIND_EQ || t->kind == KIND_NE)
		return SAYS_NOTHING;
	if (l->kind == t->kind)
		return (l->kind == KIND_GT ? l->value >= t->value
					   : l->value <= t->value)
			       ? SAYS_YES
			       : SAYS_NOTHING;
	return (l->kind == KIND_GT ? l->value >= t->value
				   : l->value <= t->value)
		       ? SAYS_NO
		       : SAYS_NOTHING;
}

static enum says
literal_says(const struct literal *l, const struct literal *t)
{
	bool equation = t->kind == KIND_EQ || t->kind == KIND_NE;

	if (l->base != t->base || l->kind >= KIND_BOUND ||
		t->kind >= KIND_BOUND)
		return SAYS_NOTHING;
	if (l->kind == KIND_EQ)
		return equation ? equation_says(l, t) : value_says(l, t);
	return comparison_says(l, t);
}

/* Do the bytes of T's load lie in every frame for which LITS hold? */
static bool
load_is_safe(const struct dpf_set *s, const struct literal *lits, uint32_t n,
	const struct literal *t)
{
	if (t->base == REF_LEN)
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (dpf_literal_covers(
			    s, &lits[i], t->base, (uint32_t)t->off + t->width))
			return true;
	return false;
}

enum says
dpf_literals_say(const struct dpf_set *s, const struct literal *lits,
	uint32_t n, const struct literal *t)
{
	bool yes = t->kind == KIND_BOUND;

	for (uint32_t i = 0; i < n; i++) {
		enum says what = literal_says(&lits[i], t);

		if (what == SAYS_NO)
			return SAYS_NO;
		yes |= what == SAYS_YES;
	}
	return yes && load_is_safe(s, lits, n, t) ? SAYS_YES : SAYS_NOTHING;
}
