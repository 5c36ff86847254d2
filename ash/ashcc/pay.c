/*
 * pay.c - place calls and returns in bundles, and put in payments.
 *
 * A payment goes where a backward jump lands and before each return; what it costs
 * is not known here: the driver asks the verifier, which has to compute it anyway.
 * All that is written is one word an instruction, so positions can be counted.
 */
#include "ash/ashcc/text.h"

#include <stdlib.h>
#include <string.h>

/* The instruction right before N that can be moved, or NULL. */
static struct line *
movable_before(const struct line *n)
{
	struct line *p = n->prev;

	while (p != NULL && p->kind == LINE_OTHER)
		p = p->prev;
	if (p == NULL || p->kind != LINE_INSN || insn_is_control(&p->insn))
		return NULL;
	return p;
}

/* --- payments -------------------------------------------------------------- */

static struct line *
label_find(const struct program *p, const char *name)
{
	struct chunk *c;
	struct line *n;

	for (c = p->functions; c != NULL; c = c->next)
		for (n = c->lines.first; n != NULL; n = n->next)
			if (n->kind == LINE_LABEL && strcmp(n->text, name) == 0)
				return n;
	return NULL;
}

static struct line *
pay_new(void)
{
	return line_new(LINE_PAY, "");
}

/* Behind LABEL; the instruction that follows it fills the delay slot. */
static void
pay_at(struct chunk *c, struct line *label)
{
	struct line *pay = pay_new(), *n = label->next;

	while (n != NULL && n->kind == LINE_OTHER)
		n = n->next;
	list_insert(&c->lines, label->next, pay);
	if (n == NULL || n->kind != LINE_INSN || insn_is_control(&n->insn))
		return;
	pay->slot = &n->insn;
	list_remove(&c->lines, n);
}

static struct chunk *
chunk_of(const struct program *p, const struct line *line)
{
	struct chunk *c;
	struct line *n;

	for (c = p->functions; c != NULL; c = c->next)
		for (n = c->lines.first; n != NULL; n = n->next)
			if (n == line)
				return c;
	return NULL;
}

/* Labels that a jump further down names. */
static void
pay_backward(struct program *p)
{
	struct chunk *c;
	struct line *n, *label;
	const char *target;
	unsigned no = 0;

	for (c = p->functions; c != NULL; c = c->next)
		for (n = c->lines.first; n != NULL; n = n->next)
			n->no = ++no;
	for (c = p->functions; c != NULL; c = c->next)
		for (n = c->lines.first; n != NULL; n = n->next) {
			if (n->kind != LINE_INSN)
				continue;
			target = insn_target(&n->insn);
			label = target == NULL ? NULL : label_find(p, target);
			if (label == NULL || label->no > n->no ||
				label->next->kind == LINE_PAY)
				continue;
			pay_at(chunk_of(p, label), label);
		}
}

/* --- bundles --------------------------------------------------------------- */

static unsigned
words_of(const struct line *n)
{
	switch (n->kind) {
	case LINE_INSN:
		return insn_is_control(&n->insn) ? 2 : 1;
	case LINE_PAY:
		return 3;
	default:
		return 0;
	}
}

/* Nops before N until it stands at word WANT of a bundle. */
static unsigned
pad(struct chunk *c, struct line *n, unsigned at, unsigned want)
{
	struct insn nop;

	insn_make(&nop, "nop");
	for (; at % 4 != want; at++)
		list_insert(&c->lines, n, line_insn(&nop));
	return at;
}

/* A return at N: its payment in the same bundle. */
static unsigned
pay_return(struct chunk *c, struct line *n, unsigned at)
{
	struct line *pay = pay_new(), *p = movable_before(n);

	/* One word past a bundle: better in the slot than three nops. */
	if (at % 4 == 1 && p != NULL) {
		pay->slot = &p->insn;
		list_remove(&c->lines, p);
		at--;
	}
	at = pad(c, n, at, 0);
	list_insert(&c->lines, n, pay);
	return at + words_of(pay);
}

static void
lay_out(struct chunk *c)
{
	struct line *n;
	unsigned at = 0;

	for (n = c->lines.first; n != NULL; n = n->next) {
		if (n->kind == LINE_INSN && insn_is_call(&n->insn))
			at = pad(c, n, at, 2);
		if (n->kind == LINE_INSN && strcmp(n->insn.op, "jr") == 0)
			at = pay_return(c, n, at);
		at += words_of(n);
	}
}

void
pay_program(struct program *p)
{
	struct chunk *c;

	for (c = p->functions; c != NULL; c = c->next)
		slot_function(c);
	pay_backward(p);
	for (c = p->functions; c != NULL; c = c->next)
		lay_out(c);
}

/* --- writing --------------------------------------------------------------- */

static void
write_insn(const struct insn *i, FILE *out)
{
	unsigned a;

	fprintf(out, "\t%s", i == NULL ? "nop" : i->op);
	for (a = 0; i != NULL && a < i->nargs; a++)
		fprintf(out, "%s%s", a == 0 ? "\t" : ",", i->arg[a]);
	fputc('\n', out);
}

static void
write_line(const struct line *n, FILE *out)
{
	switch (n->kind) {
	case LINE_LABEL:
		fprintf(out, "%s:\n", n->text);
		break;
	case LINE_OTHER:
		fprintf(out, "\t%s\n", n->text);
		break;
	case LINE_PAY:
		fprintf(out, "\taddiu\t$%d,$%d,-1\n\tbltz\t$%d,__ash_abort\n",
			REG_BUDGET, REG_BUDGET, REG_BUDGET);
		write_insn(n->slot, out);
		break;
	case LINE_INSN:
		write_insn(&n->insn, out);
		if (insn_is_control(&n->insn))
			write_insn(n->slot, out);
		break;
	}
}

static void
write_list(const struct list *l, FILE *out)
{
	const struct line *n;

	for (n = l->first; n != NULL; n = n->next)
		write_line(n, out);
}

void
program_write(const struct program *p, FILE *out)
{
	const struct chunk *c;

	write_list(&p->rest, out);
	fputs("\t.text\n\t.set\tnoreorder\n\t.set\tnomacro\n\t.set\tnoat\n",
		out);
	write_list(&p->head->lines, out);
	for (c = p->functions; c != NULL; c = c->next) {
		fputs("\t.align\t4\n", out);
		write_list(&c->lines, out);
	}
	write_list(&p->tail->lines, out);
	/* Else the assembler would fill up the section with nops. */
	fputs("\t.text\n\t.balignl\t16,0x0000000d\n", out);
}
