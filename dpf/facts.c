/*
 * facts.c - decide tests from what earlier tests on the path have shown.
 *
 * Sound, not complete: YES and NO are proved, OPEN may hide an impossible
 * combination.  Bits that two literals share are compared wherever the fields
 * that hold them begin.  Users: prune.c, relate.c.
 */
#include "dpf/facts.h"

void
dpf_facts_init(struct facts *f, const struct dpf_base *bases, struct lit *lit,
	size_t room, uint32_t steps)
{
	f->bases = bases;
	f->lit = lit;
	f->n = 0;
	f->room = room;
	f->steps = steps;
	for (unsigned i = 0; i < FACT_MOVES; i++)
		f->move[i].since = 0;
}

static bool
is_short(const struct lit *l)
{
	return l->op == LIT_NE && l->mask == 0;
}

/*
 * Count N comparisons; false when the budget is spent.  A literal about
 * something else is passed over so fast that eight count as one.
 */
static bool
spend(struct facts *f, size_t n)
{
	if (f->steps <= n) {
		f->steps = 0;
		return false;
	}
	f->steps -= (uint32_t)n;
	return true;
}

void
dpf_facts_place(const struct facts *f, const struct lit *t, unsigned *base,
	uint32_t *off)
{
	*base = t->base;
	*off = t->off;
	while (*base != DPF_BASE_FRAME && *base != DPF_BASE_LEN &&
		f->move[*base].since != 0) {
		*off += f->move[*base].by;
		*base = f->bases[*base - 1].from;
	}
}

/* dpf_lit_reach() of L from where it really lies. */
static uint32_t
moved_reach(const struct facts *f, const struct lit *l, unsigned base)
{
	struct lit moved = *l;
	unsigned at;
	uint32_t off;

	dpf_facts_place(f, l, &at, &off);
	if (at == DPF_BASE_LEN || off > UINT16_MAX)
		return 0;
	moved.base = (uint8_t)at;
	moved.off = (uint16_t)off;
	return dpf_lit_reach(f->bases, &moved, base);
}

enum verdict
dpf_facts_fit(struct facts *f, unsigned base, uint32_t need)
{
	struct lit fit = dpf_lit_fit(base, need);
	unsigned at;
	uint32_t off;

	if (base == DPF_BASE_LEN)
		return FACT_YES;
	dpf_facts_place(f, &fit, &at, &off);
	for (size_t i = 0; i < f->n; i++) {
		const struct lit *l = &f->lit[i];

		if (!spend(f, 1))
			return FACT_OPEN;
		if (is_short(l)) {
			if (dpf_lit_reach(f->bases, &fit, l->base) > l->off)
				return FACT_NO;
		} else if (dpf_lit_reach(f->bases, l, base) >= need ||
			   moved_reach(f, l, at) > off) {
			return FACT_YES;
		}
	}
	return FACT_OPEN;
}

/* Move BITS of a field that ends at byte FROM to one that ends at byte TO. */
static uint32_t
align_bits(uint32_t bits, uint32_t from, uint32_t to, unsigned width)
{
	uint64_t v = bits;

	if (to >= from)
		v = to - from < 4 ? v << 8 * (to - from) : 0;
	else
		v = from - to < 4 ? v >> 8 * (from - to) : 0;
	return (uint32_t)v & dpf_width_mask(width);
}

/* A field seen where it really lies. */
struct spot {
	unsigned base, width;
	uint32_t end;
};

static struct spot
spot_of(const struct facts *f, const struct lit *t)
{
	struct spot s = { .width = t->width };
	uint32_t off;

	dpf_facts_place(f, t, &s.base, &off);
	s.end = off + t->width;
	return s;
}

/* The bits of S that are known, and their values; stops when WANT is known. */
static uint32_t
known_bits(
	struct facts *f, const struct spot *s, uint32_t want, uint32_t *value)
{
	uint32_t known = 0;
	size_t i, compared = 0;

	*value = 0;
	for (i = 0; i < f->n && (want & ~known) != 0; i++) {
		const struct lit *l = &f->lit[i];
		struct spot at;

		if (l->op != LIT_EQ || l->mask == 0)
			continue;
		at = spot_of(f, l);
		if (at.base != s->base)
			continue;
		known |= align_bits(l->mask, at.end, s->end, s->width);
		*value |= align_bits(l->value, at.end, s->end, s->width);
		compared++;
	}
	spend(f, compared + i / 8);
	return known;
}

static bool
same_field(const struct spot *a, const struct lit *x, const struct spot *b,
	const struct lit *y)
{
	return a->base == b->base && a->end == b->end && x->mask == y->mask;
}

/* Can L, whose masked field lies between MIN and MAX, not hold? */
static bool
is_violated(const struct lit *l, uint32_t min, uint32_t max)
{
	switch (l->op) {
	case LIT_NE:
		return min == max && min == l->value;
	case LIT_GT:
		return max <= l->value;
	case LIT_LE:
		return min > l->value;
	default:
		return false;
	}
}

/* Would T's being true break literal L? */
static bool
contradicts(struct facts *f, const struct lit *t, const struct spot *ts,
	const struct lit *l)
{
	struct spot s = spot_of(f, l);
	uint32_t known, value, min;

	if (s.base != ts->base)
		return false;
	known = align_bits(t->mask, ts->end, s.end, s.width);
	if ((known & l->mask) == 0)
		return false;
	spend(f, 1);
	value = align_bits(t->value, ts->end, s.end, s.width);
	if ((l->mask & ~known) != 0) {
		uint32_t more_value;
		uint32_t more = known_bits(f, &s, l->mask, &more_value);

		known |= more;
		value |= more_value;
	}
	min = value & l->mask;
	return is_violated(l, min, min | (l->mask & ~known));
}

static enum verdict
decide_eq(struct facts *f, const struct lit *t)
{
	struct spot s = spot_of(f, t);
	uint32_t value;
	uint32_t known = known_bits(f, &s, t->mask, &value);

	if (((t->value ^ value) & t->mask & known) != 0)
		return FACT_NO;
	if ((t->mask & ~known) == 0)
		return FACT_YES;
	for (size_t i = 0; i < f->n; i++) {
		const struct lit *l = &f->lit[i];

		if (l->op != LIT_EQ && l->mask != 0 && contradicts(f, t, &s, l))
			return FACT_NO;
	}
	return FACT_OPEN;
}

/* Draw *LO and *HI together by what literal L says about the same field. */
static void
narrow_range(const struct lit *l, uint32_t *lo, uint32_t *hi)
{
	switch (l->op) {
	case LIT_GT:
		if (*lo <= l->value)
			*lo = dpf_mask_ceil(l->value + 1, l->mask);
		break;
	case LIT_LE:
		if (*hi > l->value)
			*hi = dpf_mask_floor(l->value, l->mask);
		break;
	case LIT_NE:
		if (*lo == l->value && *lo < *hi)
			*lo = dpf_mask_ceil(*lo + 1, l->mask);
		if (*hi == l->value && *lo < *hi)
			*hi = dpf_mask_floor(*hi - 1, l->mask);
		break;
	default:
		break;
	}
}

void
dpf_facts_range(
	struct facts *f, const struct lit *t, uint32_t *lo, uint32_t *hi)
{
	struct spot s = spot_of(f, t);
	uint32_t value, was_lo, was_hi;
	uint32_t known = known_bits(f, &s, t->mask, &value);

	*lo = value & t->mask;
	*hi = *lo | (t->mask & ~known);
	do {
		was_lo = *lo;
		was_hi = *hi;
		for (size_t i = 0; i < f->n; i++) {
			struct spot at = spot_of(f, &f->lit[i]);

			if (same_field(&s, t, &at, &f->lit[i]))
				narrow_range(&f->lit[i], lo, hi);
		}
	} while ((*lo != was_lo || *hi != was_hi) && spend(f, f->n));
}

enum verdict
dpf_facts_decide(struct facts *f, const struct lit *t)
{
	uint32_t lo, hi;

	if (!spend(f, 1 + f->n / 8))
		return FACT_OPEN;
	if (t->mask == 0)
		return t->op == LIT_EQ ? FACT_YES : FACT_NO;
	if (t->op == LIT_EQ)
		return decide_eq(f, t);
	dpf_facts_range(f, t, &lo, &hi);
	if (lo > t->value)
		return FACT_YES;
	return hi <= t->value ? FACT_NO : FACT_OPEN;
}

/* A bit was learnt: which bases have come to rest? */
static void
find_moves(struct facts *f)
{
	for (unsigned i = 1; i < FACT_MOVES; i++) {
		const struct dpf_base *b = &f->bases[i - 1];
		struct lit field;
		struct spot s;
		uint32_t value;

		if (b->width == 0)
			return; /* the end of the table */
		if (f->move[i].since != 0)
			continue;
		field.base = b->from;
		field.width = b->width;
		field.off = b->off;
		s = spot_of(f, &field);
		if ((b->mask & ~known_bits(f, &s, b->mask, &value)) != 0)
			continue;
		value = dpf_shift(value & b->mask, b->shift);
		if (value > DPF_MAX_FRAME)
			continue;
		f->move[i].by = value;
		f->move[i].since = f->n;
	}
}

static int
push(struct facts *f, const struct lit *t, unsigned op)
{
	if (f->n == f->room)
		return SP_ENOMEM;
	f->lit[f->n] = *t;
	f->lit[f->n++].op = (uint8_t)op;
	if (op == LIT_EQ && t->mask != 0)
		find_moves(f);
	return SP_OK;
}

/* T did not equal: with one bit left to differ in, that bit is known. */
static int
learn_ne(struct facts *f, const struct lit *t)
{
	struct spot s = spot_of(f, t);
	struct lit bit = *t;
	uint32_t value, left;

	left = t->mask & ~known_bits(f, &s, t->mask, &value);
	if (left == 0 || (left & (left - 1)) != 0)
		return push(f, t, LIT_NE);
	bit.mask = left;
	bit.value = ~t->value & left;
	return push(f, &bit, LIT_EQ);
}

int
dpf_facts_learn(struct facts *f, const struct lit *t, bool yes)
{
	uint32_t lo, hi;
	int err;

	if (t->op == LIT_EQ)
		return yes ? push(f, t, LIT_EQ) : learn_ne(f, t);
	err = push(f, t, yes ? LIT_GT : LIT_LE);
	if (err != SP_OK)
		return err;
	dpf_facts_range(f, t, &lo, &hi);
	if (lo == hi) {
		struct lit only = *t;

		only.value = lo;
		return push(f, &only, LIT_EQ);
	}
	return SP_OK;
}

void
dpf_facts_cut(struct facts *f, size_t n)
{
	f->n = n;
	for (unsigned i = 1; i < FACT_MOVES; i++)
		if (f->move[i].since > n)
			f->move[i].since = 0;
}
