/*
 * filter_batch.c - bind the filters of a file, one a line.
 *
 * One process and one session for thousands: what costs is the control line, two
 * requests a filter.
 */
#include "filter_batch.h"

#include "atoms.h"
#include "source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE = 50 }; /* refusals, each of which is said in a line */

struct entry {
	size_t line;
	char name[SP_NAME];
	struct expr e;
	bool bound;
};

struct batch {
	const struct args *a;
	struct session *s;
	const char *file;
	const struct ag_filter *like;
	bool none;
	struct entry *v;
	size_t n, room;
	size_t bound, refused;
	double shown_us;
};

static void
show_progress(struct batch *b)
{
	double now = now_us();

	if (!isatty(STDERR_FILENO) || now - b->shown_us < 2e5)
		return;
	b->shown_us = now;
	fprintf(stderr, "\r%zu filters ", b->bound);
}

static void
end_progress(const struct batch *b)
{
	if (b->shown_us > 0)
		fputs("\r\033[K", stderr);
}

/* Compile TEXT for LINE; false: refused, and why was said. */
static bool
compile(struct batch *b, size_t line, const char *name, const char *text,
	struct expr *out)
{
	char *why;

	memset(out, 0, sizeof(*out));
	if (!name_is_valid(name))
		why = xformat("'%s' is no name of a filter", name);
	else if (opt_get(b->a, "atoms") != NULL)
		why = atoms_try(text, out);
	else
		why = expr_try(text, out);
	if (why == NULL)
		return true;
	end_progress(b);
	(void)cli_fail(b->a, "%s:%zu: %s", b->file, line, why);
	free(why);
	return false;
}

static bool
bind_one(struct batch *b, const char *name, const struct expr *e)
{
	struct ag_filter f = *b->like;
	uint32_t id;

	show_progress(b);
	ctl_name(f.name, name);
	if (binding_add(b->a, b->s, e, &f, &id) != STATUS_OK)
		return false;
	b->bound++;
	return true;
}

/* A line, while each stands for itself. */
static enum status
bind_line(void *arg, size_t line, const char *name, const char *text)
{
	struct batch *b = arg;
	struct expr e;
	bool good = compile(b, line, name, text, &e);

	if (good && ctl_breathe(b->s->ctl) < 0)
		return session_fail(b->a, b->s, name, CTL_CLOSED);
	if (!good || !bind_one(b, name, &e))
		b->refused++;
	expr_release(&e);
	if (b->refused == PATIENCE)
		return cli_fail(b->a, "%s:%zu: gives up after %d refusals",
			b->file, line, PATIENCE);
	return machine_alive(&b->s->m)
		       ? STATUS_OK
		       : session_fail(b->a, b->s, name, CTL_CLOSED);
}

/* A line, while all are compiled before one is bound. */
static enum status
keep_line(void *arg, size_t line, const char *name, const char *text)
{
	struct batch *b = arg;
	struct entry *e;

	if (b->n == b->room) {
		b->room = b->room == 0 ? 64 : 2 * b->room;
		b->v = reallocarray(b->v, b->room, sizeof(*b->v));
		if (b->v == NULL)
			abort();
	}
	e = &b->v[b->n];
	memset(e, 0, sizeof(*e));
	if (!compile(b, line, name, text, &e->e)) {
		b->refused++;
		return STATUS_OK;
	}
	e->line = line;
	ctl_name(e->name, name);
	b->n++;
	return STATUS_OK;
}

static void
take_back(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].bound &&
			ctl_ask(b->s->ctl, AG_FILTER_DEL, b->v[i].name, SP_NAME,
				NULL, 0) >= 0)
			b->bound--;
}

static void
bind_all_or_none(struct batch *b)
{
	for (size_t i = 0; i < b->n && b->refused == 0; i++) {
		b->v[i].bound = bind_one(b, b->v[i].name, &b->v[i].e);
		if (!b->v[i].bound)
			b->refused++;
	}
	if (b->refused > 0)
		take_back(b);
	for (size_t i = 0; i < b->n; i++)
		expr_release(&b->v[i].e);
	free(b->v);
}

enum status
batch_add(const struct args *a, struct session *s, const char *file,
	const struct ag_filter *like, bool none)
{
	struct batch b = {
		.a = a, .s = s, .file = file, .like = like, .none = none
	};
	enum status st =
		source_lines(a, file, none ? keep_line : bind_line, &b);

	if (none && st != STATUS_OK)
		b.refused++;
	if (none)
		bind_all_or_none(&b);
	end_progress(&b);
	if (st != STATUS_OK && b.bound == 0)
		return st;
	if (a->json)
		(void)cli_json(json_pack("{s:I, s:I}", "added",
			(json_int_t)b.bound, "refused", (json_int_t)b.refused));
	else if (b.bound > 0 || b.refused == 0)
		printf("%zu filters added\n", b.bound);
	if (st == STATUS_OK && b.refused > 0)
		st = cli_fail(a, "%zu of the filters of %s were refused%s",
			b.refused, file, none ? "; none was added" : "");
	return st;
}
