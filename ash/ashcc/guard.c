/*
 * guard.c - make every access and every dedicated register legal.
 *
 * An access through a pointer becomes `ins $t8,pointer,0,k` and an access through
 * $t8; while $t8 is known to hold the same pointer, give or take a constant, the
 * guard is left out.  Knowledge ends at labels and calls.  What has to come before
 * an instruction in a delay slot goes before its jump: guards write only $at, $t8,
 * $sp and $ra, which no jump but the return reads.
 */
#include "ash/ashcc/text.h"

#include <stdlib.h>
#include <string.h>

enum { OFFSET_MIN = -2048, OFFSET_MAX = 2047 };

/* A dedicated register holds REG + DELTA, or SYMBOL + DELTA if REG is NO_REG. */
struct known {
	bool valid;
	int reg;
	char symbol[80];
	long delta;
};

struct guard {
	struct chunk *c;
	struct known data, index;
	unsigned code_bits, data_bits;
};

static bool
in_range(long offset)
{
	return offset >= OFFSET_MIN && offset <= OFFSET_MAX;
}

static void
forget(struct guard *g)
{
	g->data.valid = g->index.valid = false;
}

static void
put(struct guard *g, struct line *before, const struct insn *i)
{
	list_insert(&g->c->lines, before, line_insn(i));
}

/* --- where an access goes -------------------------------------------------- */

/* "%lo(name+4)": the name and the number. */
static bool
parse_low(const char *offset, struct known *k)
{
	const char *s = offset + 4, *end = strrchr(offset, ')');
	size_t n;

	if (strncmp(offset, "%lo(", 4) != 0 || end == NULL)
		return false;
	n = strcspn(s, "+-)");
	if (n == 0 || n >= sizeof(k->symbol))
		return false;
	memcpy(k->symbol, s, n);
	k->symbol[n] = '\0';
	k->reg = NO_REG;
	k->delta = s[n] == ')' ? 0 : strtol(s + n, NULL, 0);
	return true;
}

static bool
parse_target(const char *offset, int base, struct known *k)
{
	char *end;

	*k = (struct known){ .valid = true, .reg = base };
	if (parse_low(offset, k))
		return true;
	k->delta = strtol(offset, &end, 0);
	return *end == '\0';
}

static bool
is_near(const struct known *have, const struct known *want)
{
	return have->valid && have->reg == want->reg &&
	       strcmp(have->symbol, want->symbol) == 0 &&
	       in_range(want->delta - have->delta);
}

/* Point $t8 at what is WANTed, or near it. */
static void
aim(struct guard *g, const char *offset, int base, struct known *want,
	struct line *before)
{
	struct insn i;
	int from = base;

	if (want->reg != NO_REG && in_range(want->delta)) {
		want->delta = 0;
	} else {
		insn_make(&i, "addiu $%d,$%d,%s", REG_AT, base, offset);
		put(g, before, &i);
		from = REG_AT;
	}
	insn_make(&i, "ins $%d,$%d,0,%u", REG_DATA, from, g->data_bits);
	put(g, before, &i);
	g->data = *want;
}

static void
guard_address(struct guard *g, struct insn *i, struct line *before)
{
	char *arg = i->arg[i->nargs - 1], offset[80];
	struct known want;
	long delta;
	int base;

	if (!split_address(arg, offset, sizeof(offset), &base) ||
		!parse_target(offset, base, &want))
		die("cannot read the address in: %s %s,%s", i->op, i->arg[0],
			arg);
	if (base == REG_FRAME || base == REG_INDEX || base == REG_DATA)
		return;
	if (base == REG_SP && want.reg == REG_SP && in_range(want.delta))
		return;
	delta = want.delta;
	if (!is_near(&g->data, &want))
		aim(g, offset, base, &want, before);
	snprintf(arg, sizeof(i->arg[0]), "%ld($%d)", delta - g->data.delta,
		REG_DATA);
}

/* --- writes ---------------------------------------------------------------- */

/* What an instruction does to what we know. */
static void
learn(struct known *k, const struct insn *i)
{
	uint32_t writes = insn_writes(i);
	bool is_step;

	if (!k->valid || k->reg == NO_REG || (writes >> k->reg & 1) == 0)
		return;
	is_step = strcmp(i->op, "addiu") == 0 && i->nargs == 3 &&
		  reg_of(i->arg[1]) == k->reg;
	k->delta -= is_step ? strtol(i->arg[2], NULL, 0) : 0;
	k->valid = is_step;
}

/* `ins $s7,rN,0,11` of the SDK: true if $s7 holds that already. */
static bool
is_known_index(struct guard *g, const struct insn *i)
{
	struct known want = { .valid = true, .reg = reg_of(i->arg[1]) };

	if (strcmp(i->op, "ins") != 0 || reg_of(i->arg[0]) != REG_INDEX)
		return false;
	if (is_near(&g->index, &want) && g->index.delta == 0)
		return true;
	g->index = want;
	return false;
}

/* I writes $sp or $ra: let it write $at, and finish with the legal form. */
static void
guard_write(struct guard *g, struct insn *i, struct line *before)
{
	uint32_t writes = insn_writes(i);
	bool is_sp = (writes >> REG_SP & 1) != 0;

	if ((!is_sp && (writes >> REG_RA & 1) == 0) || insn_is_control(i) ||
		strcmp(i->op, "ins") == 0)
		return;
	if (i->nargs == 2 && strcmp(i->op, "addu") == 0)
		die("cannot rewrite: %s %s,%s", i->op, i->arg[0], i->arg[1]);
	snprintf(i->arg[0], sizeof(i->arg[0]), "$%d", REG_AT);
	put(g, before, i);
	if (is_sp) {
		insn_make(i, "ins $%d,$%d,0,%u", REG_SP, REG_AT, g->data_bits);
		return;
	}
	/* ins takes the low bits of its source: the bundle's number. */
	insn_make(i, "srl $%d,$%d,4", REG_AT, REG_AT);
	put(g, before, i);
	insn_make(i, "ins $%d,$%d,4,%u", REG_RA, REG_AT, g->code_bits - 4);
}

/* Make I legal, with what it needs in front of BEFORE. */
static void
guard_insn(struct guard *g, struct insn *i, struct line *before)
{
	struct insn original;

	if (insn_is_memory(i))
		guard_address(g, i, before);
	original = *i;
	guard_write(g, i, before);
	learn(&g->data, &original);
	learn(&g->index, &original);
	if ((insn_writes(&original) >> REG_DATA & 1) != 0)
		g->data.valid = false;
}

void
guard_function(struct chunk *c, unsigned code_bits, unsigned data_bits)
{
	struct guard g = {
		.c = c, .code_bits = code_bits, .data_bits = data_bits
	};
	struct line *n, *next;

	for (n = c->lines.first; n != NULL; n = next) {
		next = n->next;
		if (n->kind == LINE_LABEL)
			forget(&g);
		if (n->kind != LINE_INSN)
			continue;
		if (is_known_index(&g, &n->insn)) {
			list_remove(&c->lines, n);
			continue;
		}
		if (n->slot != NULL)
			guard_insn(&g, n->slot, n);
		guard_insn(&g, &n->insn, n);
		if (insn_is_call(&n->insn))
			forget(&g);
	}
}
