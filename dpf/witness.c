/*
 * witness.c - make a frame of what a path says, so that people can see it.
 *
 * Variable offsets are chosen first (each try chooses others), then bits that
 * must have a value, then the least values that satisfy the rest, then a
 * length.  relate.c asks, and believes only what dpf_interp() confirms.
 */
#include "dpf/witness.h"

#include <spindle/bytes.h>

enum { ETHERTYPE = 12, ETHERTYPE_IPV4 = 0x0800, IPV4_FIRST = 14, ROUNDS = 4 };

uint32_t
dpf_field_get(const uint8_t *p, unsigned width)
{
	if (width == 4)
		return be32_get(p);
	return width == 2 ? be16_get(p) : *p;
}

void
dpf_field_put(uint8_t *p, unsigned width, uint32_t v)
{
	if (width == 4)
		be32_put(p, v);
	else if (width == 2)
		be16_put(p, (uint16_t)v);
	else
		*p = (uint8_t)v;
}

static bool
is_in_frame(uint32_t at, unsigned width)
{
	return at <= DPF_MAX_FRAME - width;
}

/* Give the bits in MASK of the field at AT the values in VALUE, for good. */
static bool
fix(struct witness *w, uint32_t at, unsigned width, uint32_t mask,
	uint32_t value)
{
	uint32_t fixed, old;

	if (!is_in_frame(at, width))
		return false;
	fixed = dpf_field_get(w->fixed + at, width);
	old = dpf_field_get(w->frame + at, width);
	if (((old ^ value) & mask & fixed) != 0)
		return false;
	dpf_field_put(w->frame + at, width, (old & ~mask) | (value & mask));
	dpf_field_put(w->fixed + at, width, fixed | mask);
	return true;
}

/* Fix what the facts say about fields behind BASE. */
static bool
fix_values(struct witness *w, const struct facts *f, unsigned base)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct lit *l = &f->lit[i];

		if (l->op == LIT_EQ && l->mask != 0 && l->base == base &&
			!fix(w, w->at[base] + l->off, l->width, l->mask,
				l->value))
			return false;
	}
	return true;
}

static void
mark_used(struct witness *w, const struct facts *f)
{
	w->used = 0;
	for (size_t i = 0; i < f->n; i++) {
		unsigned b = f->lit[i].base;

		for (; b != DPF_BASE_FRAME && b != DPF_BASE_LEN;
			b = f->bases[b - 1].from)
			w->used |= BIT(b - 1);
	}
}

/* What to put into base field T: what is there, then one value a try. */
static uint32_t
choose_field(struct facts *f, const struct lit *t, uint32_t now, unsigned try)
{
	uint32_t lo, hi, v;

	dpf_facts_range(f, t, &lo, &hi);
	if (try == 0 && now >= lo && now <= hi)
		return now;
	v = dpf_mask_floor(lo, t->mask);
	for (; try > 1 && v < hi; try--)
		v = dpf_mask_ceil(v + 1, t->mask);
	return v;
}

/* Decide where base number B lies, and fix its field accordingly. */
static bool
place_base(struct witness *w, struct facts *f, unsigned b, unsigned try)
{
	const struct dpf_base *base = &f->bases[b - 1];
	uint32_t at = w->at[base->from] + base->off, fixed, now, v;
	struct lit field = {
		.base = base->from,
		.width = base->width,
		.off = base->off,
		.mask = base->mask & dpf_width_mask(base->width),
	};

	if (!is_in_frame(at, base->width))
		return false;
	fixed = dpf_field_get(w->fixed + at, base->width) & field.mask;
	now = dpf_field_get(w->frame + at, base->width) & field.mask;
	v = choose_field(f, &field, now, try);
	v = (now & fixed) | (v & ~fixed);
	if (!fix(w, at, base->width, field.mask, v))
		return false;
	v = dpf_shift(v, base->shift);
	if (v > DPF_MAX_FRAME - w->at[base->from])
		return false;
	w->at[b] = w->at[base->from] + v;
	return true;
}

static bool
holds(const struct lit *l, uint32_t field)
{
	field &= l->mask;
	switch (l->op) {
	case LIT_EQ:
		return field == l->value;
	case LIT_NE:
		return field != l->value;
	case LIT_GT:
		return field > l->value;
	default:
		return field <= l->value;
	}
}

/* The least V >= LO whose bits outside FREE are those of BASE; V <= MASK. */
static uint32_t
least(uint32_t lo, uint32_t free, uint32_t base)
{
	uint32_t v = (base & ~free) | free;

	for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1)
		if ((bit & free) != 0 && (v & ~bit) >= lo)
			v &= ~bit;
	return v;
}

/* The first literal about the field at AT that VALUE breaks, or NULL. */
static const struct lit *
broken_by(const struct witness *w, const struct facts *f, const struct lit *as,
	uint32_t at, uint32_t value)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct lit *l = &f->lit[i];

		if (l->mask == as->mask && l->base != DPF_BASE_LEN &&
			l->width == as->width &&
			w->at[l->base] + l->off == at && !holds(l, value))
			return l;
	}
	return NULL;
}

/* Change the field of L, at AT, to a value that all literals about it allow. */
static bool
mend(struct witness *w, const struct facts *f, const struct lit *l, uint32_t at)
{
	uint32_t field = dpf_field_get(w->frame + at, l->width);
	uint32_t free = l->mask & ~dpf_field_get(w->fixed + at, l->width);
	uint32_t v = least(0, free, field & l->mask);
	const struct lit *broken;

	for (size_t i = 0; i <= 2 * f->n; i++) {
		broken = broken_by(w, f, l, at, v);
		if (broken == NULL) {
			dpf_field_put(w->frame + at, l->width,
				(field & ~l->mask) | (v & l->mask));
			return true;
		}
		if (broken->op == LIT_LE || v >= ((field & l->mask) | free))
			return false;
		v = least(broken->op == LIT_GT ? broken->value + 1 : v + 1,
			free, field & l->mask);
	}
	return false;
}

/* Make the literals hold that leave a choice. */
static bool
mend_all(struct witness *w, const struct facts *f)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool changed = false;

		for (size_t i = 0; i < f->n; i++) {
			const struct lit *l = &f->lit[i];
			uint32_t at;

			if (l->mask == 0 || l->base == DPF_BASE_LEN)
				continue;
			at = w->at[l->base] + l->off;
			if (!is_in_frame(at, l->width))
				return false;
			if (holds(l, dpf_field_get(w->frame + at, l->width)))
				continue;
			if (!mend(w, f, l, at))
				return false;
			changed = true;
		}
		if (!changed)
			return true;
	}
	return false;
}

static bool
is_length_allowed(const struct facts *f, size_t len)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->lit[i].base == DPF_BASE_LEN &&
			!holds(&f->lit[i], (uint32_t)len))
			return false;
	return true;
}

/* Draw *LO and *HI together by what literal L says about the length. */
static void
narrow_length(
	const struct witness *w, const struct lit *l, size_t *lo, size_t *hi)
{
	size_t from = 0, to = DPF_MAX_FRAME;

	if (l->base != DPF_BASE_LEN) {
		size_t end = (size_t)w->at[l->base] + l->off + l->width;

		if (l->mask == 0 && l->op == LIT_NE)
			to = end - 1;
		else
			from = end;
	} else if (l->mask == UINT32_MAX && l->op != LIT_NE) {
		from = l->op == LIT_LE ? 0 : l->value;
		to = l->op == LIT_GT ? to : l->value;
	}
	*lo = *lo > from ? *lo : from;
	*hi = *hi < to ? *hi : to;
}

/* Choose a length between what the loads need and what must not be there. */
static bool
choose_length(struct witness *w, const struct facts *f)
{
	size_t lo = 0, hi = DPF_MAX_FRAME;

	for (size_t i = 0; i < f->n; i++)
		narrow_length(w, &f->lit[i], &lo, &hi);
	/* A frame as short as Ethernet sends it, if that is possible. */
	for (w->len = lo < 60 ? 60 : lo; w->len <= hi; w->len++)
		if (is_length_allowed(f, w->len))
			return true;
	for (w->len = lo; w->len <= hi; w->len++)
		if (is_length_allowed(f, w->len))
			return true;
	return false;
}

bool
dpf_witness_build(struct witness *w, struct facts *f, unsigned try)
{
	__builtin_memset(w->frame, 0, sizeof(w->frame));
	__builtin_memset(w->fixed, 0, sizeof(w->fixed));
	__builtin_memset(w->at, 0, sizeof(w->at));
	mark_used(w, f);
	if (!fix_values(w, f, DPF_BASE_FRAME))
		return false;
	/* An IPv4 header is expected to have five words. */
	if (be16_get(w->frame + ETHERTYPE) == ETHERTYPE_IPV4)
		w->frame[IPV4_FIRST] |= 0x45 & ~w->fixed[IPV4_FIRST];
	for (unsigned b = 1; b < FACT_MOVES; b++)
		if ((w->used & BIT(b - 1)) != 0 &&
			(!place_base(w, f, b, try) || !fix_values(w, f, b)))
			return false;
	return mend_all(w, f) && choose_length(w, f);
}
