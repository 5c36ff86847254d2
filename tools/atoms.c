/*
 * atoms.c - read a filter that is written as atoms or as a graph.
 *
 * One pass from left to right; the first thing that is wrong ends it, with its
 * place in the text.  Next: atoms_code.c.
 */
#include "atoms.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PARTIAL "this is not the whole filter (--as graph prints that)"

enum { MAX_STEPS = 1 << 16, MAX_VALUES = 1 << 16 };

struct reader {
	const char *text, *at;
	char *why; /* what was wrong first */
	struct atom_steps steps;
};

static void
skip_blanks(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
}

/* Always false, so that callers can return it. */
static bool
wrong(struct reader *r, const char *what)
{
	int near = (int)strcspn(r->at, "\n");

	if (r->why != NULL)
		return false;
	if (*r->at == '\0')
		r->why = xformat("%s at the end", what);
	else
		r->why = xformat("%s at '%.*s' (character %zu)", what,
			near < 24 ? near : 24, r->at,
			(size_t)(r->at - r->text) + 1);
	return false;
}

/* Take TOKEN if it comes next; a word must end where it ends. */
static bool
take(struct reader *r, const char *token)
{
	size_t n = strlen(token);

	skip_blanks(r);
	if (strncmp(r->at, token, n) != 0)
		return false;
	if (isalnum((unsigned char)token[n - 1]) &&
		isalnum((unsigned char)r->at[n]))
		return false;
	r->at += n;
	return true;
}

static bool
need(struct reader *r, const char *token)
{
	char what[40];

	if (take(r, token))
		return true;
	snprintf(what, sizeof(what), "expected %s", token);
	return wrong(r, what);
}

static bool
number(struct reader *r, uint32_t max, const char *what, uint32_t *out)
{
	char *end;
	unsigned long long v;

	skip_blanks(r);
	if (!isdigit((unsigned char)*r->at))
		return wrong(r, what);
	v = strtoull(r->at, &end, 0);
	if (v > max || isalnum((unsigned char)*end))
		return wrong(r, what);
	r->at = end;
	*out = (uint32_t)v;
	return true;
}

/* OFFSET:BITS, of which OFFSET is read or not. */
static bool
place(struct reader *r, uint32_t *off, uint32_t *width)
{
	uint32_t bits;

	if (!number(r, DPF_MAX_FRAME - 1, "expected an offset 0..2045", off) ||
		!need(r, ":") ||
		!number(r, 32, "expected a width of 8, 16 or 32 bits", &bits))
		return false;
	if (bits != 8 && bits != 16 && bits != 32)
		return wrong(r, "a width is 8, 16 or 32 bits;");
	*width = bits / 8;
	if (*off + *width > DPF_MAX_FRAME)
		return wrong(r, "a field that ends behind byte 2045;");
	return true;
}

/* "shift(" is read: what moves the origin. */
static bool
shift(struct reader *r, struct atom_field *f)
{
	struct atom_shift *s = &f->shift[f->nshifts];
	uint32_t by;
	bool right;

	if (f->nshifts == DPF_MAX_BASES)
		return wrong(r, "too many shifts");
	if (!need(r, "(") || !need(r, "(") || !place(r, &s->off, &s->width) ||
		!need(r, "&") ||
		!number(r, UINT32_MAX, "expected a mask", &s->mask) ||
		!need(r, ")"))
		return false;
	right = take(r, ">>");
	if ((!right && !need(r, "<<")) ||
		!number(r, 31, "expected a shift 0..31", &by) ||
		!need(r, ")") || !need(r, "+"))
		return false;
	s->by = right ? -(int)by : (int)by;
	f->nshifts++;
	return true;
}

static bool
unmasked(struct reader *r, struct atom_field *f)
{
	if (take(r, "len")) {
		f->is_len = true;
		return true;
	}
	while (take(r, "shift"))
		if (!shift(r, f))
			return false;
	return place(r, &f->off, &f->width);
}

static bool
field(struct reader *r, struct atom_field *f)
{
	f->mask = 0xffffffff;
	if (!take(r, "("))
		return unmasked(r, f);
	return unmasked(r, f) && need(r, "&") &&
	       number(r, UINT32_MAX, "expected a mask", &f->mask) &&
	       need(r, ")");
}

static bool
value(struct reader *r, struct atom_step *s)
{
	if (s->nvalues == MAX_VALUES)
		return wrong(r, "too many values");
	if ((s->nvalues & (s->nvalues - 1)) == 0) {
		s->values = reallocarray(s->values,
			s->nvalues == 0 ? 1 : 2 * s->nvalues,
			sizeof(*s->values));
		if (s->values == NULL)
			abort();
	}
	if (!number(r, UINT32_MAX, "expected a number", &s->values[s->nvalues]))
		return false;
	s->nvalues++;
	return true;
}

static bool
set(struct reader *r, struct atom_step *s)
{
	if (!need(r, "{"))
		return false;
	do {
		if (!value(r, s))
			return false;
	} while (take(r, ","));
	return need(r, "}");
}

/* One test; *NEGATED when it holds where the step's relation does not. */
static bool
test(struct reader *r, struct atom_step *s, bool *negated)
{
	static const struct {
		const char *sign;
		enum atom_rel rel;
		bool negated;
	} rels[] = {
		{ "==", ATOM_IN, false },
		{ "!=", ATOM_IN, true },
		{ ">=", ATOM_GE, false },
		{ "<=", ATOM_GT, true },
		{ ">", ATOM_GT, false },
		{ "<", ATOM_GE, true },
	};

	*negated = false;
	if (!field(r, &s->field))
		return false;
	if (take(r, "exists")) {
		s->rel = ATOM_EXISTS;
		return s->field.is_len ? wrong(r, "'len exists' says nothing;")
				       : true;
	}
	s->rel = ATOM_IN;
	*negated = take(r, "not");
	if (take(r, "in"))
		return set(r, s);
	if (*negated)
		return wrong(r, "expected in");
	for (size_t i = 0; i < sizeof(rels) / sizeof(rels[0]); i++) {
		if (!take(r, rels[i].sign))
			continue;
		s->rel = rels[i].rel;
		*negated = rels[i].negated;
		return value(r, s);
	}
	return wrong(r, "expected == != < <= > >= in or exists");
}

static struct atom_step *
new_step(struct reader *r)
{
	struct atom_steps *all = &r->steps;

	if (all->n == MAX_STEPS) {
		(void)wrong(r, "too many tests");
		return NULL;
	}
	if (all->n == all->room) {
		all->room = all->room == 0 ? 64 : 2 * all->room;
		all->v = reallocarray(all->v, all->room, sizeof(*all->v));
		if (all->v == NULL)
			abort();
	}
	memset(&all->v[all->n], 0, sizeof(all->v[0]));
	return &all->v[all->n++];
}

static void
swap_ends(struct atom_step *s, bool negated)
{
	uint32_t yes = s->yes;

	if (!negated)
		return;
	s->yes = s->no;
	s->no = yes;
}

/* --- conjunctions ------------------------------------------------------------ */

/* Tests from FIRST on are one conjunction: failing leads to what follows. */
static void
close_conjunction(struct reader *r, size_t first, const bool *negated)
{
	struct atom_steps *all = &r->steps;

	for (size_t i = first; i < all->n; i++) {
		all->v[i].yes = i + 1 < all->n ? (uint32_t)i + 1 : ATOM_ACCEPT;
		all->v[i].no = (uint32_t)all->n;
		swap_ends(&all->v[i], negated[i - first]);
	}
}

static bool
conjunction(struct reader *r, bool *always)
{
	static bool negated[MAX_STEPS];
	size_t first = r->steps.n;

	*always = false;
	if (take(r, "false"))
		return true;
	if (take(r, "true")) {
		*always = true;
		return true;
	}
	do {
		struct atom_step *s;
		size_t n = r->steps.n - first;

		skip_blanks(r);
		if (strncmp(r->at, "...", 3) == 0)
			return wrong(r, PARTIAL);
		if (!need(r, "("))
			return false;
		s = new_step(r);
		if (s == NULL || !test(r, s, &negated[n]) || !need(r, ")"))
			return false;
	} while (take(r, "&&"));
	close_conjunction(r, first, negated);
	return true;
}

static bool
disjunction(struct reader *r)
{
	struct atom_steps *all = &r->steps;
	bool always = false, more = true;

	while (more) {
		if (!conjunction(r, &always))
			return false;
		more = take(r, "||");
		skip_blanks(r);
		if (!more && (*r->at == '(' || strncmp(r->at, "true", 4) == 0))
			more = true; /* on a line of its own */
		if (always)
			break;
	}
	/* Whoever fails in the last conjunction is rejected. */
	for (size_t i = 0; i < all->n; i++) {
		uint32_t last = always ? ATOM_ACCEPT : ATOM_REJECT;

		if (all->v[i].yes == all->n)
			all->v[i].yes = last;
		if (all->v[i].no == all->n)
			all->v[i].no = last;
	}
	all->first = all->n > 0 ? 0 : always ? ATOM_ACCEPT : ATOM_REJECT;
	return true;
}

/* --- graphs ------------------------------------------------------------------ */

static bool
end(struct reader *r, uint32_t from, uint32_t *out)
{
	if (take(r, "accept")) {
		*out = ATOM_ACCEPT;
		return true;
	}
	if (take(r, "reject")) {
		*out = ATOM_REJECT;
		return true;
	}
	skip_blanks(r);
	if (*r->at != 'n')
		return wrong(r, "expected accept, reject or a node");
	r->at++;
	if (!number(r, MAX_STEPS, "expected the number of a node", out))
		return false;
	return *out > from ? true : wrong(r, "leads back; nodes lead on;");
}

static bool
graph(struct reader *r)
{
	struct atom_steps *all = &r->steps;
	uint32_t id, most = 0;

	while (skip_blanks(r), *r->at == 'n') {
		uint32_t from = (uint32_t)all->n;
		struct atom_step *s = new_step(r);
		bool negated;

		r->at++;
		if (s == NULL || !number(r, MAX_STEPS, "expected a node", &id))
			return false;
		if (id != from)
			return wrong(r, "nodes are n0, n1, n2, ... in order;");
		if (!need(r, ":") || !test(r, s, &negated) || !need(r, "?") ||
			!end(r, from, &s->yes) || !need(r, ":") ||
			!end(r, from, &s->no))
			return false;
		for (int i = 0; i < 2; i++) {
			id = i == 0 ? s->yes : s->no;
			if (id < ATOM_ACCEPT && id > most)
				most = id;
		}
		swap_ends(s, negated);
	}
	if (most >= all->n)
		return wrong(r, "a node that others lead to is missing");
	all->first = 0;
	return true;
}

static bool
whole(struct reader *r)
{
	bool good;

	skip_blanks(r);
	if (*r->at == 'n')
		good = graph(r);
	else if (*r->at == 'a' || *r->at == 'r')
		good = end(r, 0, &r->steps.first);
	else
		good = disjunction(r);
	skip_blanks(r);
	if (good && strncmp(r->at, "...", 3) == 0)
		return wrong(r, PARTIAL);
	if (good && strncmp(r->at, "residual", 8) == 0)
		return wrong(r, "a residual is no atom (--bpf takes programs)");
	return good && *r->at != '\0' ? wrong(r, "unexpected text") : good;
}

char *
atoms_try(const char *text, struct expr *out)
{
	struct reader r = { .text = text, .at = text };
	struct bpf_insn *code = NULL;
	char *why = NULL;
	size_t n, pc;

	memset(out, 0, sizeof(*out));
	if (whole(&r)) {
		n = atoms_code(&r.steps, &code);
		why = expr_try_program(code, n, out, &pc);
	}
	for (size_t i = 0; i < r.steps.n; i++)
		free(r.steps.v[i].values);
	free(r.steps.v);
	free(code);
	return r.why != NULL ? r.why : why;
}
