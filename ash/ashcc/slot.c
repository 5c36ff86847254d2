/*
 * slot.c - put something useful into delay slots that gcc left empty.
 *
 * gcc does not move inline assembler, of which handlers are full.  Candidates: an
 * instruction above the jump that nothing in between depends on; else the one below
 * a conditional branch, if what it writes is dead where the branch goes.
 */
#include "ash/ashcc/text.h"

#include <string.h>

enum {
	LOOK_BACK = 6,   /* instructions above a jump */
	LOOK_AHEAD = 64, /* steps to find out whether a register is dead */
};

static bool
touches_hilo(const struct insn *i)
{
	static const char *const ops[] = { "mult", "multu", "madd", "maddu",
		"msub", "msubu", "mul", "div", "divu", "mfhi", "mflo", "mthi",
		"mtlo" };
	size_t n;

	for (n = 0; n < sizeof(ops) / sizeof(ops[0]); n++)
		if (strcmp(i->op, ops[n]) == 0)
			return true;
	return false;
}

/* A and B may change places. */
static bool
is_independent(const struct insn *a, const struct insn *b)
{
	if ((insn_writes(a) & (insn_reads(b) | insn_writes(b))) != 0 ||
		(insn_reads(a) & insn_writes(b)) != 0)
		return false;
	if (insn_is_memory(a) && insn_is_memory(b) &&
		(insn_is_store(a) || insn_is_store(b)))
		return false;
	return !touches_hilo(a) || !touches_hilo(b);
}

/* The instruction above N, in the same block, or NULL. */
static struct line *
above(const struct line *n)
{
	struct line *p = n->prev;

	while (p != NULL && p->kind == LINE_OTHER)
		p = p->prev;
	if (p == NULL || p->kind != LINE_INSN || insn_is_control(&p->insn))
		return NULL;
	return p;
}

/* An instruction above JUMP that may move behind it. */
static struct line *
find_above(const struct line *jump)
{
	struct line *p, *q;
	unsigned n = 0;

	for (p = above(jump); p != NULL && n < LOOK_BACK; p = above(p), n++) {
		if (!insn_fits_slot(&p->insn, &jump->insn))
			continue;
		for (q = p->next; q != jump; q = q->next)
			if (q->kind == LINE_INSN &&
				!is_independent(&p->insn, &q->insn))
				break;
		if (q == jump)
			return p;
	}
	return NULL;
}

/* --- what is dead where a branch goes --------------------------------------- */

struct search {
	const struct chunk *c;
	uint32_t reg; /* as a set */
	unsigned steps;
};

static struct line *
local_label(const struct chunk *c, const char *name)
{
	struct line *n;

	for (n = c->lines.first; n != NULL; n = n->next)
		if (n->kind == LINE_LABEL && strcmp(n->text, name) == 0)
			return n;
	return NULL;
}

enum fate { LIVE, DEAD, UNKNOWN };

static enum fate
fate_in(const struct search *s, const struct insn *i)
{
	if (i == NULL)
		return UNKNOWN;
	if ((insn_reads(i) & s->reg) != 0)
		return LIVE;
	return (insn_writes(i) & s->reg) != 0 ? DEAD : UNKNOWN;
}

static bool is_dead_from(struct search *s, const struct line *n);

/* After the jump N and its slot. */
static bool
is_dead_beyond(struct search *s, const struct line *n)
{
	/* $at, $v0, $v1, $t0-$t9 */
	const uint32_t scratch = 0x0300ff0e;
	const char *target = insn_target(&n->insn);
	const struct line *label;

	if (insn_is_call(&n->insn))
		return (s->reg & scratch) != 0;
	if (target == NULL) /* a return: $v0 and $v1 are its result */
		return (s->reg & scratch & ~0xcu) != 0;
	if (strcmp(target, "__ash_exit") != 0) {
		label = local_label(s->c, target);
		if (label == NULL || !is_dead_from(s, label))
			return false;
	} else if ((s->reg & 4) != 0) {
		return false;
	}
	return insn_ends_block(&n->insn) || is_dead_from(s, n->next);
}

/* Nobody reads the register from N on before it is written. */
static bool
is_dead_from(struct search *s, const struct line *n)
{
	enum fate f;

	for (; n != NULL && s->steps > 0; n = n->next, s->steps--) {
		if (n->kind != LINE_INSN)
			continue;
		f = fate_in(s, &n->insn);
		if (f == UNKNOWN)
			f = fate_in(s, n->slot);
		if (f != UNKNOWN)
			return f == DEAD;
		if (insn_is_control(&n->insn))
			return is_dead_beyond(s, n);
	}
	return false;
}

/* Executing I where it was not asked for does no harm but to its register. */
static bool
is_pure(const struct insn *i)
{
	uint32_t kept = 1u << REG_SP | 1u << REG_RA | 1u << REG_BUDGET;
	char offset[80];
	int base;

	if (insn_is_control(i) || insn_is_store(i) || touches_hilo(i) ||
		insn_writes(i) == 0 || (insn_writes(i) & kept) != 0)
		return false;
	/* A load through a pointer could fault. */
	return !insn_is_memory(i) ||
	       (split_address(
			i->arg[i->nargs - 1], offset, sizeof(offset), &base) &&
		       (base == REG_FRAME || base == REG_SP));
}

/* The instruction below the branch, if it may be executed when that is taken. */
static struct line *
find_below(const struct chunk *c, const struct line *branch)
{
	const char *target = insn_target(&branch->insn);
	struct search s = { .c = c, .steps = LOOK_AHEAD };
	struct line *n = branch->next;
	const struct line *label;

	while (n != NULL && n->kind == LINE_OTHER)
		n = n->next;
	if (insn_ends_block(&branch->insn) || insn_is_call(&branch->insn) ||
		target == NULL || n == NULL || n->kind != LINE_INSN ||
		!is_pure(&n->insn))
		return NULL;
	s.reg = insn_writes(&n->insn);
	/* Guards are not relied upon behind a label. */
	if ((s.reg & (1u << REG_DATA | 1u << REG_INDEX)) != 0)
		return n;
	if (strcmp(target, "__ash_exit") == 0)
		return (s.reg & 4) == 0 ? n : NULL;
	label = local_label(c, target);
	return label != NULL && is_dead_from(&s, label) ? n : NULL;
}

void
slot_function(struct chunk *c)
{
	struct line *n, *p;

	for (n = c->lines.first; n != NULL; n = n->next) {
		if (n->kind != LINE_INSN || !insn_is_control(&n->insn))
			continue;
		if (n->slot != NULL && insn_is_nop(n->slot))
			n->slot = NULL;
		if (n->slot != NULL)
			continue;
		p = find_above(n);
		if (p == NULL)
			p = find_below(c, n);
		if (p == NULL)
			continue;
		n->slot = &p->insn;
		list_remove(&c->lines, p);
	}
}
