/*
 * code.c - instruction words, branches with their delay slots, loads.
 *
 * A branch leaves its slot open; the next instruction moves into it when that
 * is harmless on both ways.  The same pass runs twice, first to count.
 */
#include "dpf/emit.h"

static void
write(struct gen *g, uint32_t i, uint32_t word)
{
	if (g->code == NULL)
		return;
	dpf_write(g->s, &g->code[i], word);
	if (g->s->notes != NULL)
		dpf_note(g, i);
}

static void
put(struct gen *g, uint32_t word)
{
	write(g, g->pc++, word);
}

static void
fill(struct gen *g, uint32_t word)
{
	write(g, g->slot, word);
	g->slot = 0;
}

void
dpf_gen_op(struct gen *g, uint32_t word)
{
	if (g->slot != 0)
		fill(g, word);
	else
		put(g, word);
}

void
dpf_gen_fixed(struct gen *g, uint32_t word)
{
	g->slot = 0;
	put(g, word);
}

static void
load_op(struct gen *g, uint32_t word)
{
	if (g->slot != 0 && !g->guards)
		fill(g, word);
	else
		dpf_gen_fixed(g, word);
}

uint32_t
dpf_gen_label(struct gen *g)
{
	g->slot = 0;
	return g->pc;
}

static uint32_t
address_of(const struct gen *g, uint32_t label)
{
	return g->address + 4 * label;
}

void
dpf_gen_branch(struct gen *g, enum mips_op op, uint32_t rs, uint32_t rt,
	uint32_t label, bool guards)
{
	if (g->far) { /* around a jump */
		enum mips_op not =
			op == MIPS_OP_beq ? MIPS_OP_bne : MIPS_OP_beq;

		put(g, mips_i(not, rt, rs, 3));
		put(g, MIPS_NOP);
		put(g, mips_jump(MIPS_OP_j, address_of(g, label)));
		put(g, MIPS_NOP);
		g->slot = g->pc - 3;
	} else {
		put(g, mips_i(op, rt, rs, (int32_t)(label - g->pc - 1)));
		put(g, MIPS_NOP);
		g->slot = g->pc - 1;
	}
	g->guards = guards;
}

void
dpf_gen_hop(struct gen *g, enum mips_op op, uint32_t rs, uint32_t rt,
	uint32_t label)
{
	bool far = g->far;

	g->far = false;
	dpf_gen_branch(g, op, rs, rt, label, false);
	g->far = far;
}

void
dpf_gen_jump(struct gen *g, uint32_t label)
{
	put(g, mips_jump(MIPS_OP_j, address_of(g, label)));
	put(g, MIPS_NOP);
	g->slot = g->pc - 1;
	g->guards = true;
}

uint32_t
dpf_gen_label_of(const struct gen *g, ref_t fail)
{
	if (fail == 0)
		return g->exit;
	if (fail & REF_LEAF)
		return place_at(g->s, fail & ~(ref_t)REF_LEAF)->leaf_label;
	return test_at(g->s, fail)->label;
}

/* --- constants ------------------------------------------------------------ */

unsigned
dpf_li_words(uint32_t v)
{
	if (v == 0)
		return 0;
	return v <= 0xffff || (v & 0xffff) == 0 || v >= 0xffff8000 ? 1 : 2;
}

uint32_t
dpf_li_word(uint32_t reg, uint32_t v, unsigned i)
{
	if (v <= 0xffff)
		return mips_i(MIPS_OP_ori, reg, MIPS_ZERO, (int32_t)v);
	if (v >= 0xffff8000)
		return mips_i(MIPS_OP_addiu, reg, MIPS_ZERO, (int32_t)v);
	if (i == 0)
		return mips_i(MIPS_OP_lui, reg, MIPS_ZERO, (int32_t)(v >> 16));
	return mips_i(MIPS_OP_ori, reg, reg, (int32_t)(v & 0xffff));
}

uint32_t
dpf_gen_const(struct gen *g, uint32_t v)
{
	for (unsigned i = 0; i < dpf_li_words(v); i++)
		dpf_gen_op(g, dpf_li_word(REG_CONST, v, i));
	return v == 0 ? MIPS_ZERO : REG_CONST;
}

/* --- loads ---------------------------------------------------------------- */

unsigned
dpf_gen_align(const struct dpf_set *s, ref_t base, unsigned *mod)
{
	*mod = 4;
	while (base != REF_FRAME) {
		const struct base *b = trie_at(s, base);
		uint32_t bits = b->shift < 0 ? b->mask >> -b->shift
					     : b->mask << b->shift;

		if (bits & 1)
			*mod = 1;
		else if ((bits & 2) && *mod == 4)
			*mod = 2;
		base = b->from;
	}
	return 2 % *mod; /* where frames begin, see dpf.h */
}

bool
dpf_is_aligned(
	const struct dpf_set *s, ref_t base, uint32_t off, unsigned width)
{
	unsigned mod, at = dpf_gen_align(s, base, &mod);

	return mod >= width && ((at + off) & (width - 1)) == 0;
}

unsigned
dpf_load_words(const struct gen *g, ref_t base, int32_t off, unsigned width)
{
	if (dpf_is_aligned(g->s, base, (uint32_t)off, width))
		return 1;
	return width == 2 ? 3 : 2;
}

static bool
is_raw(const struct gen *g, ref_t base, uint32_t off, unsigned width)
{
	return g->raw_valid && g->raw_base == base && g->raw_off == off &&
	       g->raw_width == width;
}

static void
load_unaligned(struct gen *g, uint32_t reg, int32_t off, unsigned width)
{
	if (width == 4) {
		load_op(g, mips_i(MIPS_OP_lwr, g->raw, reg, off));
		load_op(g, mips_i(MIPS_OP_lwl, g->raw, reg, off + 3));
	} else {
		load_op(g, mips_i(MIPS_OP_lbu, g->raw, reg, off));
		load_op(g, mips_i(MIPS_OP_lbu, REG_CONST, reg, off + 1));
		dpf_gen_op(g, mips_ins(g->raw, REG_CONST, 8, 8));
	}
}

void
dpf_gen_load(
	struct gen *g, ref_t base, uint32_t reg, uint32_t off, unsigned width)
{
	enum mips_op op = width == 4 ? MIPS_OP_lw : MIPS_OP_lhu;

	if (is_raw(g, base, off, width))
		return;
	if (width == 1)
		op = MIPS_OP_lbu;
	if (dpf_is_aligned(g->s, base, off, width))
		load_op(g, mips_i(op, g->raw, reg, (int32_t)off));
	else
		load_unaligned(g, reg, (int32_t)off, width);
	g->raw_valid = true;
	g->raw_base = base;
	g->raw_off = (uint16_t)off;
	g->raw_width = (uint8_t)width;
}

uint32_t
dpf_gen_number(struct gen *g, unsigned width)
{
	if (width == 1)
		return g->raw;
	dpf_gen_op(g, mips_shift(MIPS_OP_wsbh, g->value, g->raw, 0));
	if (width == 4)
		dpf_gen_op(g, mips_shift(MIPS_OP_rotr, g->value, g->value, 16));
	return g->value;
}

uint32_t
dpf_gen_mask(struct gen *g, uint32_t src, uint32_t mask, unsigned width)
{
	if ((mask & (0xffffffffu >> (32 - 8 * width))) ==
		0xffffffffu >> (32 - 8 * width))
		return src;
	if (mask <= 0xffff) {
		dpf_gen_op(
			g, mips_i(MIPS_OP_andi, g->value, src, (int32_t)mask));
	} else {
		uint32_t m = dpf_gen_const(g, mask);

		dpf_gen_op(g, mips_r(MIPS_OP_and, g->value, src, m));
	}
	return g->value;
}
