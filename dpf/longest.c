/*
 * longest.c - how long may generated code take?
 *
 * The code is one function without loops: every jump leads forward.  So one look
 * at the words, the last one first, knows for each how many instructions follow
 * it at most.  Whoever runs classifiers where time is short can refuse a set
 * before its code is live.
 */
#include "dpf/emit.h"

enum { FOREVER = UINT16_MAX, TABLE_ENTRY = 2 };

struct code {
	const uint32_t *word;
	uint32_t words, address;
	uint16_t *longest; /* from word I to the end */
};

static bool
is(uint32_t w, enum mips_op op, uint32_t mask)
{
	return (w & mask) == (uint32_t)op;
}

static uint32_t
add(uint32_t n, uint32_t rest)
{
	return rest >= FOREVER - n ? (uint32_t)FOREVER : n + rest;
}

/* From word AT on, which must lie behind I. */
static uint32_t
from(const struct code *c, uint32_t i, uint32_t at)
{
	return at > i && at < c->words ? c->longest[at] : (uint32_t)FOREVER;
}

static uint32_t
jump_target(const struct code *c, uint32_t w)
{
	uint32_t address = (c->address & 0xf0000000) | (w & 0x03ffffff) << 2;

	return (address - c->address) / 4;
}

/*
 * The table that the jump in word I goes to: its address and the width of the
 * index are in the words before it (choose.c).
 */
static uint32_t
table(const struct code *c, uint32_t i)
{
	uint32_t worst = 0, first, entries;

	if (i < 3 || !is(c->word[i - 1], MIPS_OP_ins, 0xfc00003f) ||
		!is(c->word[i - 2], MIPS_OP_ori, 0xfc000000) ||
		!is(c->word[i - 3], MIPS_OP_lui, 0xffe00000))
		return FOREVER;
	first = (c->word[i - 3] << 16 | (c->word[i - 2] & 0xffff)) - c->address;
	/* The index begins at bit 3: the width is the last bit less 2. */
	entries = 1u << (mips_rd(c->word[i - 1]) - 2);
	for (uint32_t k = 0; k < entries; k++) {
		uint32_t n = from(c, i, first / 4 + TABLE_ENTRY * k);

		worst = n > worst ? n : worst;
	}
	return worst;
}

/* From word I on, which is followed by a delay slot unless it goes straight on. */
static uint32_t
longest_from(const struct code *c, uint32_t i)
{
	const uint32_t call =
		(uint32_t)mips_i(MIPS_OP_ori, REG_RETURN, REG_RETURN, 0);
	uint32_t w = c->word[i], yes, no;

	if (is(w, MIPS_OP_jr, 0xfc1fffff)) {
		if (mips_rs(w) == MIPS_RA || mips_rs(w) == REG_RETURN)
			return 2;
		return add(2, table(c, i));
	}
	if (is(w, MIPS_OP_j, 0xfc000000)) {
		yes = add(2, from(c, i, jump_target(c, w)));
		if (i + 1 < c->words && (c->word[i + 1] & 0xffff0000) == call)
			return add(yes, from(c, i, i + 2));
		return yes;
	}
	if (is(w, MIPS_OP_beq, 0xfc000000) || is(w, MIPS_OP_bne, 0xfc000000)) {
		yes = from(c, i, i + 1 + (uint32_t)mips_imm(w));
		no = from(c, i, i + 2);
		return add(2, yes > no ? yes : no);
	}
	return add(1, from(c, i, i + 1));
}

uint32_t
dpf_code_bound(
	const uint32_t *code, size_t words, uint32_t address, uint16_t *scratch)
{
	const struct code c = {
		.word = code,
		.words = (uint32_t)words,
		.address = address,
		.longest = scratch,
	};

	for (uint32_t i = c.words; i-- > 0;)
		scratch[i] = (uint16_t)longest_from(&c, i);
	return words == 0 ? 0 : scratch[0];
}
