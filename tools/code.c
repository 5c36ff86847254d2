/*
 * code.c - compile filters on the host, bound their cost, disassemble them.
 *
 * The bound is read off the generated words themselves, so it holds for what
 * runs, not for what somebody thinks was generated.
 */
#include "code.h"

#include "ash/host/ash_host.h"
#include "dpf/mips.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA = 64 << 20, ROOM_WORDS = 4 << 20 };

enum status
code_compile(const struct args *a, enum dpf_set_kind kind,
	const struct code_entry *entries, size_t n, struct code *out)
{
	void *arena = xalloc(ARENA);
	struct dpf_set *set;
	int err = dpf_set_init(arena, ARENA, kind, &set);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n && err >= 0; i++)
		err = dpf_set_insert(
			set, entries[i].filter, entries[i].id, entries[i].rank);
	if (err >= 0) {
		out->words = xalloc(ROOM_WORDS * sizeof(*out->words));
		err = dpf_set_emit(set, out->words, ROOM_WORDS, CODE_BASE);
	}
	free(arena);
	if (err < 0) {
		code_release(out);
		return cli_fail(a, "code generation: %s", sp_err_text(err));
	}
	out->n = (size_t)err;
	return STATUS_OK;
}

enum status
code_compile_one(
	const struct args *a, const struct dpf_filter *f, struct code *out)
{
	struct code_entry e = { .filter = f, .id = 1, .rank = 1 };

	return code_compile(a, DPF_SET_ONE, &e, 1, out);
}

void
code_release(struct code *c)
{
	free(c->words);
	memset(c, 0, sizeof(*c));
}

/* --- the longest path --------------------------------------------------------- */

static enum mips_insn
decode(uint32_t word, enum mips_kind *kind)
{
	static const struct {
		uint32_t match, mask;
		enum mips_kind kind;
	} table[] = {
#define X(name, match, mask, kind) { match, mask, kind },
		MIPS_INSNS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if ((word & table[i].mask) == table[i].match) {
			*kind = table[i].kind;
			return (enum mips_insn)i;
		}
	}
	return MIPS_INSN_COUNT;
}

struct bound {
	const uint32_t *words;
	uint32_t *cost;  /* from each word to the return */
	uint32_t *later; /* the largest cost at or behind each word */
	size_t n;
	bool loop;
};

/* Cost of going on at word TO, seen from word I. */
static uint32_t
onward(struct bound *b, size_t i, size_t to)
{
	if (to <= i)
		b->loop = true;
	return to > i && to < b->n ? b->cost[to] : 0;
}

/*
 * Where the jump through a register at word I can go: lui and ori set the base
 * of a table, ins puts the index into it.  False: no such table is near.
 */
static bool
find_table(const struct bound *b, size_t i, uint32_t *base, uint32_t *step,
	uint32_t *entries)
{
	enum { NEAR = 8 };
	uint32_t reg = mips_rs(b->words[i]);
	bool indexed = false;

	*base = 0;
	for (size_t at = i; at-- > 0 && i - at <= NEAR;) {
		uint32_t w = b->words[at], pos = mips_sa(w);
		enum mips_kind kind;
		enum mips_insn insn = decode(w, &kind);

		if (mips_rt(w) != reg)
			continue;
		if (insn == MIPS_INSN_ins && !indexed) {
			*step = 1u << pos;
			*entries = 1u << (mips_rd(w) - pos + 1);
			indexed = true;
		} else if (insn == MIPS_INSN_ori && mips_rs(w) == reg) {
			*base |= w & 0xffff;
		} else if (insn == MIPS_INSN_lui) {
			*base |= w << 16;
			return indexed;
		}
	}
	return false;
}

/* The dearest entry of the table, or of all later words if there is none. */
static uint32_t
table_cost(struct bound *b, size_t i)
{
	uint32_t base, step, entries, worst = 0;
	size_t to;

	if (!find_table(b, i, &base, &step, &entries))
		return i + 2 < b->n ? b->later[i + 2] : 0;
	for (uint32_t k = 0; k < entries; k++) {
		to = (base + k * step - CODE_BASE) / sizeof(uint32_t);
		if (onward(b, i, to) > worst)
			worst = onward(b, i, to);
	}
	return worst;
}

static uint32_t
cost_of(struct bound *b, size_t i)
{
	uint32_t w = b->words[i], taken, straight;
	enum mips_kind kind = MIPS_RD;
	enum mips_insn insn = decode(w, &kind);

	switch (kind) {
	case MIPS_BRANCH:
		taken = onward(b, i, (size_t)((ptrdiff_t)i + 1 + mips_imm(w)));
		straight = onward(b, i, i + 2);
		if (insn == MIPS_INSN_beq && mips_rs(w) == mips_rt(w))
			straight =
				0; /* the idiom for an unconditional branch */
		return 2 + (taken > straight ? taken : straight);
	case MIPS_J:
		return 2 +
		       onward(b, i, ((w & 0x03ffffff) << 2) / sizeof(uint32_t));
	case MIPS_JR:
		if (mips_rs(w) == MIPS_RA)
			return 2;
		return 2 + table_cost(b, i);
	default:
		return 1 + onward(b, i, i + 1);
	}
}

uint32_t
code_worst(const uint32_t *words, size_t n)
{
	struct bound b = { .words = words, .n = n };
	uint32_t worst;

	if (n == 0)
		return 0;
	b.cost = xalloc(n * sizeof(*b.cost));
	b.later = xalloc((n + 1) * sizeof(*b.later));
	for (size_t i = n; i-- > 0;) {
		b.cost[i] = cost_of(&b, i);
		b.later[i] =
			b.cost[i] > b.later[i + 1] ? b.cost[i] : b.later[i + 1];
	}
	worst = b.loop ? 0 : b.cost[0];
	free(b.cost);
	free(b.later);
	return worst;
}

void
code_dump(const uint32_t *words, size_t n, uint32_t address, FILE *out)
{
	char text[80];

	for (size_t i = 0; i < n; i++) {
		uint32_t at = address + 4 * (uint32_t)i;

		ash_host_insn(words[i], at, text, sizeof(text));
		fprintf(out, "%08x:  %08x  %s\n", at, words[i], text);
	}
}
