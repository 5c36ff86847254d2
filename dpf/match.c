/*
 * match.c - code of one test: look at a field as cheaply as possible.
 *
 * Adjacent equations that have no alternatives are taken together and cut up
 * anew, into the widest aligned loads that pay.  No load reaches outside what
 * is known to be in the frame.
 */
#include "dpf/emit.h"

#include "dpf/facts.h"

/* --- views ---------------------------------------------------------------- */

/* Keep only the bytes of the load that MASK looks at, if those are aligned. */
static void
narrow(struct view *v, unsigned at, unsigned mod)
{
	unsigned lo = (unsigned)__builtin_ctz(v->mask) / 8;
	unsigned hi = 3 - (unsigned)__builtin_clz(v->mask) / 8;
	unsigned width = hi - lo + 1;

	if (width == v->width || width == 3 ||
		(width == 2 &&
			(mod == 1 || ((at + (unsigned)v->off + lo) & 1) != 0)))
		return;
	v->off += (int32_t)lo;
	v->width = (uint8_t)width;
	v->mask >>= 8 * lo;
	v->shift = (uint8_t)(8 * lo);
}

struct view
dpf_view(const struct dpf_set *s, ref_t base, int32_t off, unsigned width,
	uint32_t mask)
{
	struct view v = { .off = off, .width = (uint8_t)width, .mask = mask };
	unsigned mod, at, pos, size;

	if (base != REF_LEN) {
		at = dpf_gen_align(s, base, &mod);
		narrow(&v, at, mod);
	}
	if (v.mask == dpf_width_mask(v.width)) {
		v.mask = UINT32_MAX;
		return v;
	}
	pos = (unsigned)__builtin_ctz(v.mask);
	size = 32 - (unsigned)__builtin_clz(v.mask) - pos;
	if (v.mask >> pos == 0xffffffffu >> (32 - size) &&
		(pos > 0 || v.mask > 0xffff)) {
		v.ext = (uint8_t)size;
		v.pos = (uint8_t)pos;
		v.shift = (uint8_t)(v.shift + pos);
	}
	return v;
}

unsigned
dpf_view_words(const struct gen *g, ref_t base, const struct view *v)
{
	unsigned n = dpf_load_words(g, base, v->off, v->width);

	if (v->mask == UINT32_MAX)
		return n;
	if (v->ext != 0 || v->mask <= 0xffff)
		return n + 1;
	return n + 1 + dpf_li_words(v->mask);
}

uint32_t
dpf_gen_view(struct gen *g, ref_t base, uint32_t reg, const struct view *v)
{
	uint32_t raw = g->raw;

	if (base == REF_LEN)
		raw = REG_WIRE;
	else
		dpf_gen_load(g, base, reg, (uint32_t)v->off, v->width);
	if (v->mask == UINT32_MAX)
		return raw;
	if (v->ext == 0)
		return dpf_gen_mask(g, raw, v->mask, 4);
	dpf_gen_op(g, mips_ext(g->value, raw, v->pos, v->ext));
	return g->value;
}

/* --- equations ------------------------------------------------------------ */

/* Up to four bytes of a base that must have certain values. */
struct piece {
	int32_t off;
	uint32_t mask, value; /* of a load of four bytes at OFF */
};

struct match {
	struct gen *g;
	ref_t base;
	uint32_t reg, known, fail;
	struct piece piece;
	ref_t test; /* that the bytes to come belong to: its arm */
};

static bool
is_inside(const struct match *m, const struct view *v)
{
	return v->width == 1 ||
	       (v->off >= 0 && (uint32_t)v->off + v->width <= m->known);
}

static unsigned
words(const struct match *m, const struct view *v, uint32_t value)
{
	return dpf_view_words(m->g, m->base, v) +
	       dpf_li_words(value >> v->shift) + 2;
}

/* Does it pay to compare the halves of a piece of WIDTH bytes one by one? */
static bool
splits(const struct match *m, const struct piece *p, unsigned width)
{
	unsigned bits = 4 * width, sum = 0, whole;
	struct view v = dpf_view(m->g->s, m->base, p->off, width, p->mask);

	if (v.width == 1)
		return false;
	if (!is_inside(m, &v))
		return true;
	whole = words(m, &v, p->value);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t mask =
			p->mask >> i * bits & (0xffffffffu >> (32 - bits));

		if (mask == 0)
			continue;
		v = dpf_view(m->g->s, m->base,
			p->off + (int32_t)(i * width / 2), width / 2, mask);
		sum += words(m, &v,
			p->value >> i * bits & (0xffffffffu >> (32 - bits)));
	}
	return sum < whole;
}

static void
gen_equal(struct match *m, const struct piece *p, unsigned width)
{
	struct gen *g = m->g;
	struct view v = dpf_view(g->s, m->base, p->off, width, p->mask);
	uint32_t value = p->value >> v.shift, x, c;
	/* A bounds check has just been made: the constant fills its slot. */
	bool early = g->slot != 0 && g->guards &&
		     (v.mask == UINT32_MAX || v.ext != 0 || v.mask <= 0xffff) &&
		     dpf_load_words(g, m->base, v.off, v.width) == 1;

	if (early) {
		c = dpf_gen_const(g, value);
		x = dpf_gen_view(g, m->base, m->reg, &v);
	} else {
		x = dpf_gen_view(g, m->base, m->reg, &v);
		c = dpf_gen_const(g, value);
	}
	dpf_gen_branch(g, MIPS_OP_bne, x, c, m->fail, false);
}

/* At most three levels deep: a word, its halves, their bytes. */
static void
gen_piece(struct match *m, const struct piece *p, unsigned width)
{
	unsigned bits = 4 * width;

	if (p->mask == 0)
		return;
	if (width == 1 || !splits(m, p, width)) {
		gen_equal(m, p, width);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		struct piece half = {
			.off = p->off + (int32_t)(i * width / 2),
			.mask = p->mask >> i * bits &
				(0xffffffffu >> (32 - bits)),
			.value = p->value >> i * bits &
				 (0xffffffffu >> (32 - bits)),
		};

		gen_piece(m, &half, width / 2);
	}
}

static void
flush(struct match *m)
{
	gen_piece(m, &m->piece, 4);
	m->piece.mask = m->piece.value = 0;
	m->g->about.first = m->g->about.last = m->test;
}

/* Demand that the byte at OFF has VALUE under MASK. */
static void
add_byte(struct match *m, int32_t off, uint32_t mask, uint32_t value)
{
	struct piece *p = &m->piece;
	unsigned mod, at = dpf_gen_align(m->g->s, m->base, &mod);
	unsigned bit = 8 * (unsigned)(off - p->off);

	if (p->mask != 0 &&
		(off < p->off || off > p->off + 3 ||
			((p->value >> bit ^ value) & p->mask >> bit & mask)))
		flush(m);
	if (p->mask == 0) {
		p->off = off;
		if (mod == 4) /* cut at word boundaries */
			p->off -= (int32_t)((at + (unsigned)off) & 3);
		bit = 8 * (unsigned)(off - p->off);
	}
	p->mask |= mask << bit;
	p->value |= value << bit;
}

/* Is T followed by one equation on the same base, and by nothing else? */
static ref_t
follower(const struct dpf_set *s, const struct test *t)
{
	const struct place *arm = place_at(s, t->first);
	ref_t next = dpf_plan_first(s, t->first);
	const struct test *n;

	if (arm->leaves != 0 || next == 0 || dpf_plan_next(s, next) != 0)
		return 0;
	n = test_at(s, next);
	return n->kind == KIND_EQ && n->narms == 1 && n->base == t->base ? next
									 : 0;
}

/* All equations from TEST on that have no alternatives. */
static ref_t
gen_run(struct match *m, ref_t test)
{
	for (;;) {
		const struct test *t = test_at(m->g->s, test);
		uint32_t value = place_at(m->g->s, t->first)->link.key;
		ref_t next = follower(m->g->s, t);

		m->test = t->first;
		if (m->piece.mask == 0)
			m->g->about.first = m->g->about.last = m->test;
		for (unsigned i = 0; i < t->width; i++) {
			uint32_t mask = t->mask >> 8 * i & 0xff;

			if (mask == 0)
				continue;
			add_byte(m, (int32_t)(t->off + i), mask,
				value >> 8 * i & 0xff);
			m->g->about.last = m->test;
		}
		if (next == 0) {
			flush(m);
			return t->first;
		}
		test = next;
	}
}

/* --- one literal ----------------------------------------------------------- */

static void
gen_compare(struct gen *g, const struct literal *l, uint32_t reg, uint32_t fail)
{
	struct view v = dpf_view(g->s, l->base, l->off, l->width, l->mask);
	uint32_t x = dpf_gen_view(g, l->base, reg, &v);
	uint32_t c = dpf_gen_const(g, l->value >> v.shift);

	dpf_gen_branch(g, l->kind == KIND_EQ ? MIPS_OP_bne : MIPS_OP_beq, x, c,
		fail, false);
}

static void
gen_order(struct gen *g, const struct literal *l, uint32_t reg, uint32_t fail)
{
	uint32_t x = REG_WIRE, v = l->value;
	bool fail_if_one = l->kind == KIND_LE; /* what REG_CONST will be */

	if (l->base != REF_LEN) {
		dpf_gen_load(g, l->base, reg, l->off, l->width);
		x = dpf_gen_number(g, l->width);
	}
	x = dpf_gen_mask(g, x, l->mask, l->width);
	if (v < 0x7fff) { /* x < v + 1 */
		dpf_gen_op(
			g, mips_i(MIPS_OP_sltiu, REG_CONST, x, (int32_t)v + 1));
		fail_if_one = !fail_if_one;
	} else {
		dpf_gen_op(g, mips_r(MIPS_OP_sltu, REG_CONST,
				      dpf_gen_const(g, v), x));
	}
	dpf_gen_branch(g, fail_if_one ? MIPS_OP_bne : MIPS_OP_beq, REG_CONST,
		MIPS_ZERO, fail, false);
}

void
dpf_gen_literal(
	struct gen *g, const struct literal *l, uint32_t reg, uint32_t fail)
{
	switch (l->kind) {
	case KIND_EQ:
	case KIND_NE:
		gen_compare(g, l, reg, fail);
		break;
	case KIND_GT:
	case KIND_LE:
		gen_order(g, l, reg, fail);
		break;
	default: /* KIND_BOUND: making sure of the bytes was the test */
		break;
	}
}

ref_t
dpf_gen_single(struct gen *g, ref_t test)
{
	const struct test *t = test_at(g->s, test);
	struct match m = { .g = g, .base = t->base, .reg = REG_FRAME };
	struct literal l = { .base = t->base,
		.off = t->off,
		.width = t->width,
		.mask = t->mask,
		.value = t->link.key,
		.kind = t->kind };

	m.fail = dpf_gen_label_of(g, t->fail);
	dpf_gen_frame(g, t->need, m.fail);
	if (t->kind == KIND_TAIL) {
		dpf_gen_tail_call(g, t->link.key, m.fail);
		return t->first;
	}
	if (t->kind == KIND_RESIDUAL) {
		dpf_gen_residual_call(g, t->link.key, m.fail);
		return t->first;
	}
	if (t->base != REF_FRAME && t->base != REF_LEN)
		m.reg = dpf_gen_base(g, t->base, t->need_of_base, m.fail);
	m.known = dpf_gen_known(g, t->base);
	if (m.known < t->need_of_base) /* a base without a register */
		m.known = t->need_of_base;
	if (t->kind == KIND_EQ && t->base != REF_LEN)
		return gen_run(&m, test);
	if (t->kind == KIND_EQ)
		l.value = place_at(g->s, t->first)->link.key;
	dpf_gen_literal(g, &l, m.reg, m.fail);
	return t->first;
}
