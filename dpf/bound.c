/*
 * bound.c - bounds checks and base addresses.
 *
 * A bound is checked once where every path below needs it, so nothing shorter
 * could have been accepted.  A base is found once and then kept in a register;
 * with len >= NEED known, len - NEED cannot wrap, and a field that moves a base
 * further than that is caught whatever its size.
 */
#include "dpf/emit.h"

#include "dpf/facts.h"

static uint32_t
max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static const struct base *
base_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

/* Bytes that finding B takes behind the base it starts from. */
static uint32_t
own_need(const struct base *b)
{
	return (uint32_t)b->off + b->width;
}

uint32_t
dpf_need_of_frame(const struct dpf_set *s, ref_t base, uint32_t need)
{
	while (base != REF_FRAME) {
		need = max(need, own_need(base_at(s, base)));
		base = base_at(s, base)->from;
	}
	return need;
}

/* The newest entry is the one that knows most. */
static const struct bind *
find_bind(const struct gen *g, ref_t base)
{
	for (unsigned i = g->nbinds; i-- > 0;)
		if (g->binds[i].base == base)
			return &g->binds[i];
	return NULL;
}

void
dpf_gen_bind(struct gen *g, ref_t base, uint32_t known, uint32_t reg)
{
	if (g->nbinds < GEN_BINDS)
		g->binds[g->nbinds++] = (struct bind){
			.base = base,
			.known = (uint16_t)known,
			.reg = (uint8_t)reg,
		};
}

uint32_t
dpf_gen_known(const struct gen *g, ref_t base)
{
	const struct bind *b;

	if (base == REF_FRAME || base == REF_LEN)
		return g->frame;
	b = find_bind(g, base);
	return b == NULL ? 0 : b->known;
}

/* Fail when REG_CONST, 0 or 1, is 1. */
static void
fail_if_set(struct gen *g, uint32_t fail)
{
	dpf_gen_branch(g, MIPS_OP_bne, REG_CONST, MIPS_ZERO, fail, true);
}

void
dpf_gen_frame(struct gen *g, uint32_t need, uint32_t fail)
{
	if (need <= g->frame)
		return;
	dpf_gen_op(g, mips_i(MIPS_OP_sltiu, REG_CONST, REG_LEN, (int32_t)need));
	fail_if_set(g, fail);
	g->frame = (uint16_t)need;
}

/* REG_CONST: how many bytes lie behind the base REG points to. */
static uint32_t
gen_rest(struct gen *g, uint32_t reg)
{
	if (reg == REG_FRAME)
		return REG_LEN;
	dpf_gen_op(g, mips_r(MIPS_OP_subu, REG_CONST, REG_FRAME, reg));
	dpf_gen_op(g, mips_r(MIPS_OP_addu, REG_CONST, REG_CONST, REG_LEN));
	return REG_CONST;
}

/* More of a base that has a register. */
static void
raise_bind(struct gen *g, const struct bind *b, uint32_t need, uint32_t fail)
{
	uint32_t reg = b->reg, rest;

	if (need <= b->known)
		return;
	rest = gen_rest(g, reg);
	dpf_gen_op(g, mips_i(MIPS_OP_sltiu, REG_CONST, rest, (int32_t)need));
	fail_if_set(g, fail);
	dpf_gen_bind(g, b->base, need, reg);
}

/* The most that B's field can move it. */
static uint32_t
max_move(const struct base *b)
{
	uint32_t mask = b->mask & dpf_width_mask(b->width);

	if (b->shift > 0 && mask >> (31 - b->shift) != 0)
		return UINT32_MAX;
	return dpf_shift(mask, b->shift);
}

/* How far B's field moves it, in the register returned. */
static uint32_t
gen_move(struct gen *g, const struct base *b, uint32_t reg)
{
	uint32_t v;

	dpf_gen_load(g, b->from, reg, b->off, b->width);
	v = dpf_gen_number(g, b->width);
	v = dpf_gen_mask(g, v, b->mask, b->width);
	if (b->shift > 0)
		dpf_gen_op(g, mips_shift(MIPS_OP_sll, g->value, v,
				      (uint32_t)b->shift));
	else if (b->shift < 0)
		dpf_gen_op(g, mips_shift(MIPS_OP_srl, g->value, v,
				      (uint32_t)-b->shift));
	return b->shift != 0 ? g->value : v;
}

uint32_t
dpf_gen_base_register(unsigned i)
{
	return i < 6 ? MIPS_T2 + i : MIPS_T8 + i - 6;
}

/* A register that keeps base R from now on; REG_TEMP when none is left. */
static uint32_t
pick_register(struct gen *g, ref_t r)
{
	unsigned i = g->nregs;

	if (g->nbinds == GEN_BINDS)
		return REG_TEMP;
	if (g->in_tail) /* where a base is kept must not depend on the path */
		for (i = g->top; i < g->nregs && g->owner[i] != r; i++)
			continue;
	if (i == GEN_BASE_REGS)
		return REG_TEMP;
	if (i == g->nregs)
		g->owner[g->nregs++] = r;
	if (!g->in_tail && g->top < g->nregs)
		g->top = g->nregs;
	return dpf_gen_base_register(i);
}

/*
 * Find base R, which starts from the base in REG with KNOWN bytes there, so
 * that NEED bytes lie behind it.  Returns its register.
 */
static uint32_t
gen_step(struct gen *g, ref_t r, uint32_t reg, uint32_t known, uint32_t need,
	uint32_t fail)
{
	const struct base *b = base_at(g->s, r);
	uint32_t move = gen_move(g, b, reg), most = max_move(b), to;

	if (most > known || need > known - most) {
		uint32_t rest = gen_rest(g, reg);

		dpf_gen_op(g,
			mips_i(MIPS_OP_addiu, REG_CONST, rest, -(int32_t)need));
		dpf_gen_op(g, mips_r(MIPS_OP_sltu, REG_CONST, REG_CONST, move));
		fail_if_set(g, fail);
	}
	to = pick_register(g, r);
	if (to != REG_TEMP)
		dpf_gen_bind(g, r, need, to);
	dpf_gen_op(g, mips_r(MIPS_OP_addu, to, reg, move));
	return to;
}

uint32_t
dpf_gen_base(struct gen *g, ref_t base, uint32_t need, uint32_t fail)
{
	ref_t chain[DPF_MAX_BASES];
	uint16_t needs[DPF_MAX_BASES];
	const struct bind *b = NULL;
	uint32_t reg = REG_FRAME, known;
	unsigned n = 0;

	while (base != REF_FRAME && (b = find_bind(g, base)) == NULL) {
		chain[n] = base;
		needs[n++] = (uint16_t)need;
		need = max(need, own_need(base_at(g->s, base)));
		base = base_at(g->s, base)->from;
	}
	if (base == REF_FRAME) {
		dpf_gen_frame(g, need, fail);
	} else {
		reg = b->reg;
		raise_bind(g, b, need, fail);
	}
	known = max(need, dpf_gen_known(g, base));
	while (n-- > 0) {
		reg = gen_step(g, chain[n], reg, known, needs[n], fail);
		known = needs[n];
	}
	return reg;
}
