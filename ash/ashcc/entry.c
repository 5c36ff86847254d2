/*
 * entry.c - make use of what is special about ash_main: nobody waits for it.
 *
 * It ends by a jump to the exit, which costs no payment, saves no registers, and has
 * its early ends behind everything else, so that no branch to them looks like a
 * loop: the verifier can then tell how long it takes at most.
 */
#include "ash/ashcc/text.h"

#include <stdlib.h>
#include <string.h>

/* Where the prologue keeps register REG, if it does. */
static bool
is_save(const struct chunk *c, const struct insn *i)
{
	long at = c->frame_bytes + c->save_offset, offset;
	char text[80], *end;
	int base, reg = reg_of(i->arg[0]), r;

	if (strcmp(i->op, "sw") != 0 && strcmp(i->op, "lw") != 0)
		return false;
	if (reg == NO_REG || (c->save_mask >> reg & 1) == 0 ||
		!split_address(i->arg[1], text, sizeof(text), &base))
		return false;
	for (r = 31; r > reg; r--)
		at -= (c->save_mask >> r & 1) != 0 ? 4 : 0;
	offset = strtol(text, &end, 0);
	return base == REG_SP && *end == '\0' && offset == at;
}

static bool
is_epilogue(const struct insn *i)
{
	return strcmp(i->op, "addiu") == 0 && i->nargs == 3 &&
	       reg_of(i->arg[0]) == REG_SP && strtol(i->arg[2], NULL, 0) > 0;
}

/*
 * Nobody reads the registers that ash_main leaves behind, so it need not save
 * them, and it returns by a jump to the exit, which is free.
 */
static void
leave_by_exit(struct chunk *c)
{
	struct line *n, *next;

	for (n = c->lines.first; n != NULL; n = next) {
		next = n->next;
		if (n->kind != LINE_INSN)
			continue;
		if (is_save(c, &n->insn)) {
			list_remove(&c->lines, n);
			continue;
		}
		if (n->slot != NULL && is_save(c, n->slot))
			n->slot = NULL;
		if (strcmp(n->insn.op, "jr") != 0)
			continue;
		insn_make(&n->insn, "j __ash_exit");
		if (n->slot != NULL && is_epilogue(n->slot))
			n->slot = NULL;
	}
}

/* --- early ends go last ------------------------------------------------------ */

static struct line *
skip_other(struct line *n)
{
	while (n != NULL && n->kind == LINE_OTHER)
		n = n->next;
	return n;
}

/* The jump to the exit that ends the block which LABEL begins, or NULL. */
static struct line *
exit_of_block(struct line *label)
{
	struct line *n = skip_other(label->next);

	while (n != NULL && n->kind == LINE_INSN && !insn_is_control(&n->insn))
		n = skip_other(n->next);
	if (n == NULL || n->kind != LINE_INSN || strcmp(n->insn.op, "j") != 0 ||
		strcmp(n->insn.arg[0], "__ash_exit") != 0)
		return NULL;
	return n;
}

/* Let the branch B go to LABEL if it did not go to where it does. */
static bool
invert(struct insn *b, const char *label)
{
	static const char *const pairs[][2] = { { "beq", "bne" },
		{ "beqz", "bnez" }, { "blez", "bgtz" }, { "bltz", "bgez" } };
	size_t i, side;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		for (side = 0; side < 2; side++) {
			if (strcmp(b->op, pairs[i][side]) != 0)
				continue;
			strcpy(b->op, pairs[i][1 - side]);
			snprintf(b->arg[b->nargs - 1], sizeof(b->arg[0]),
				"%.79s", label);
			return true;
		}
	return false;
}

/* Can the block be taken out between what is before LABEL and behind END? */
static bool
detach(struct line *label, const struct line *end)
{
	const struct line *after = skip_other(end->next);
	struct line *before = label->prev;
	const char *target;

	while (before != NULL && before->kind == LINE_OTHER)
		before = before->prev;
	if (before == NULL || before->kind != LINE_INSN)
		return false;
	if (insn_ends_block(&before->insn))
		return true;
	target = insn_target(&before->insn);
	return target != NULL && after != NULL && after->kind == LINE_LABEL &&
	       strcmp(target, after->text) == 0 &&
	       invert(&before->insn, label->text);
}

static struct line *
last_insn(const struct chunk *c)
{
	struct line *n = c->lines.last;

	while (n != NULL && n->kind != LINE_INSN)
		n = n->prev;
	return n;
}

static void
sink_exits(struct chunk *c)
{
	struct line *n, *next, *end, *last = last_insn(c), *stop = last;
	struct line *after;

	if (last == NULL || !insn_ends_block(&last->insn))
		return;
	for (n = c->lines.first; n != NULL && n != stop; n = next) {
		next = n->next;
		if (n->kind != LINE_LABEL)
			continue;
		end = exit_of_block(n);
		if (end == NULL || end == stop || !detach(n, end))
			continue;
		after = end->next;
		for (; n != after; n = next) {
			next = n->next;
			list_remove(&c->lines, n);
			list_insert(&c->lines, last->next, n);
			last = n;
		}
		next = after;
	}
}

/* --- labels that nobody jumps to ---------------------------------------------- */

static bool
is_target(const struct chunk *c, const char *label)
{
	const struct line *n;
	const char *target;

	for (n = c->lines.first; n != NULL; n = n->next) {
		if (n->kind != LINE_INSN)
			continue;
		target = insn_target(&n->insn);
		if (target != NULL && strcmp(target, label) == 0)
			return true;
	}
	return false;
}

/* Only debug information names them: what is known at them stays known. */
static void
forget_labels(struct chunk *c)
{
	struct line *n, *mark;
	char text[96];

	for (n = c->lines.first; n != NULL; n = n->next) {
		if (n->kind != LINE_LABEL || n->text[0] != '$' ||
			is_target(c, n->text))
			continue;
		snprintf(text, sizeof(text), "%.90s = .", n->text);
		mark = line_new(LINE_OTHER, text);
		list_insert(&c->lines, n, mark);
		list_remove(&c->lines, n);
		n = mark;
	}
}

void
entry_function(struct chunk *c)
{
	if (c->is_main) {
		leave_by_exit(c);
		sink_exits(c);
	}
	forget_labels(c);
}
