/*
 * longest.c - how long may generated code take?
 *
 * Every jump leads forward but those that follow the chains of tables, whose
 * length is limited.  So one look at the words, the last one first, knows for
 * each how many instructions follow it at most.  Whoever runs classifiers where
 * time is short can refuse a set before its code is live.
 */
#include "dpf/emit.h"
#include "dpf/table.h"

enum { FOREVER = UINT16_MAX, TABLE_ENTRY = 2 };

struct code {
	const uint32_t *word;
	uint32_t words, address;
	uint16_t *longest; /* from word I to the end */
	/* In a loop: where it ends, while its rounds are measured; how many
	 * instructions follow when it goes round. */
	uint32_t end;
	uint16_t round;
	const struct dpf_set *set;
	ref_t table; /* of the next loop; 0: there is none */
};

static bool
is(uint32_t w, enum mips_op op, uint32_t mask)
{
	return (w & mask) == (uint32_t)op;
}

static uint32_t
add(uint32_t n, uint32_t rest)
{
	if (rest == 0)
		return 0;
	return rest >= FOREVER - n ? (uint32_t)FOREVER : n + rest;
}

/* From word AT on, which must lie behind I unless I ends a loop; 0: does not
 * count. */
static uint32_t
from(const struct code *c, uint32_t i, uint32_t at)
{
	if (at <= i)
		return c->round;
	if (c->end != 0 && at >= c->end)
		return at == c->end;
	return at < c->words ? c->longest[at] : (uint32_t)FOREVER;
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
			return c->end != 0 ? 0 : 2;
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

static void
measure(struct code *c, uint32_t first, uint32_t last)
{
	for (uint32_t i = last + 1; i-- > first;)
		c->longest[i] = (uint16_t)longest_from(c, i);
}

/*
 * The branch in word I closes a loop that begins at FIRST: all entries of the
 * longest chain but the last one make it go round.
 */
static void
loop(struct code *c, uint32_t first, uint32_t i)
{
	const struct table *t = table_at(c->set, c->table);
	uint32_t round, n;

	c->end = i + 2;
	c->round = 1;
	c->longest[i + 1] = 2; /* its slot */
	measure(c, first, i);
	round = c->longest[first] - 1u;
	c->end = 0;
	c->round = 0;
	c->longest[i + 1] = (uint16_t)add(1, from(c, i, i + 2));
	measure(c, first, i);
	c->round = FOREVER;
	n = (t->limit - 1u) * round;
	c->longest[first] =
		(uint16_t)(n >= FOREVER ? (uint32_t)FOREVER
					: add(n, c->longest[first]));
	c->table = t->coded;
}

static bool
closes_loop(const struct code *c, uint32_t i)
{
	return is(c->word[i], MIPS_OP_bne, 0xfc000000) &&
	       mips_imm(c->word[i]) < 0 && c->table != 0 && i + 1 < c->words;
}

static uint32_t
longest(struct code *c)
{
	c->round = FOREVER;
	for (uint32_t i = c->words; i-- > 0;) {
		uint32_t first = i + 1 + (uint32_t)mips_imm(c->word[i]);

		if (closes_loop(c, i) && first < i) {
			loop(c, first, i);
			i = first;
		} else {
			measure(c, i, i);
		}
	}
	return c->words == 0 ? 0 : c->longest[0];
}

uint32_t
dpf_code_bound(
	const uint32_t *code, size_t words, uint32_t address, uint16_t *scratch)
{
	struct code c = {
		.word = code,
		.words = (uint32_t)words,
		.address = address,
		.longest = scratch,
	};

	return longest(&c);
}

uint32_t
dpf_longest(const struct dpf_set *s, const uint32_t *code, uint32_t words,
	uint32_t address, uint16_t *scratch)
{
	struct code c = {
		.word = code,
		.words = words,
		.address = address,
		.longest = scratch,
		.set = s,
		.table = s->coded,
	};

	return longest(&c);
}
