/*
 * cmd_filter_check.c - what a filter would be: tests, cost, overlaps.
 *
 * Needs no machine.  Costs are those of the filter compiled alone; in the kernel
 * it shares tests with the others.
 */
#include "commands.h"
#include "forms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RELATE_SCRATCH = 32 << 20, RELATE_STEPS = 1 << 22 };

static const struct option check_options[] = {
	{ "with", 0, "FILE", "compare with the NAME=EXPR lines of FILE" },
	{ "as", 0, "FORM", "print it as atoms (default), graph, mips or dot" },
	{ NULL, 0, NULL, NULL },
};

/* --- check ------------------------------------------------------------------- */

/* Compare E with the filter TEXT called NAME; appends to ALL or prints. */
static enum status
relate(const struct args *a, const struct expr *e, const char *name,
	const char *text, json_t *all)
{
	struct dpf_example ex = { .len = 0 };
	void *scratch = xalloc(RELATE_SCRATCH);
	char hex[2 * sizeof(ex.frame) + 1] = "";
	struct expr other;
	enum status st = expr_compile(a, text, &other);
	int r;

	if (st == STATUS_OK) {
		r = dpf_relate(&e->filter, &other.filter, scratch,
			RELATE_SCRATCH, RELATE_STEPS, &ex);
		for (size_t i = 0; i < ex.len && i < sizeof(ex.frame); i++)
			snprintf(hex + 2 * i, 3, "%02x", ex.frame[i]);
		if (r < 0)
			st = cli_fail(a, "%s: %s", name, sp_err_text(r));
		else if (a->json)
			json_array_append_new(all,
				json_pack("{s:s, s:s, s:s}", "name", name,
					"relation", relation_name((uint32_t)r),
					"example", hex));
		else
			printf("%-16s %s%s%s\n", name,
				relation_name((uint32_t)r),
				ex.len > 0 ? ", both take " : "", hex);
		expr_release(&other);
	}
	free(scratch);
	return st;
}

/* Every NAME=EXPR line of FILE; '#' begins a comment line. */
static enum status
relate_file(const struct args *a, const struct expr *e, const char *file,
	json_t *all)
{
	FILE *f = fopen(file, "re");
	char *line = NULL, *eq;
	size_t room = 0, number = 0;
	enum status st = STATUS_OK;

	if (f == NULL)
		return cli_fail(a, "%s: %s", file, strerror(errno));
	while (st == STATUS_OK && getline(&line, &room, f) >= 0) {
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		eq = strchr(line, '=');
		if (eq == NULL || eq == line) {
			st = cli_fail(
				a, "%s:%zu: expected NAME=EXPR", file, number);
		} else {
			*eq = '\0';
			st = relate(a, e, line, eq + 1, all);
		}
	}
	free(line);
	fclose(f);
	return st;
}

static enum status
check_json(const struct args *a, const struct expr *e, const struct code *c)
{
	const char *with = opt_get(a, "with");
	json_t *all = json_array();
	char *text = filter_text(&e->filter, FORM_PATHS);
	enum status st = STATUS_OK;

	if (with != NULL)
		st = relate_file(a, e, with, all);
	if (st == STATUS_OK)
		st = cli_json(json_pack("{s:s, s:i, s:i, s:i, s:I, s:I, s:O}",
			"atoms", text, "nodes", (int)e->filter.nnodes, "paths",
			(int)filter_paths(&e->filter, 1 << 16), "residual",
			(int)e->filter.nresidual, "native_bytes",
			(json_int_t)(c->n * 4), "worst",
			(json_int_t)code_worst(c->words, c->n), "relations",
			all));
	json_decref(all);
	free(text);
	return st;
}

static enum status
check_text(const struct args *a, const struct expr *e, const struct code *c,
	enum form as)
{
	const char *with = opt_get(a, "with");
	uint32_t worst = code_worst(c->words, c->n);
	enum status st = form_print(a, e, "filter", as);

	if (st != STATUS_OK || as == AS_DOT)
		return st;
	printf("tests: %u; compiled alone: %zu bytes", e->filter.nnodes,
		c->n * 4);
	if (worst > 0)
		printf(", at most %u instructions a frame\n", worst);
	else
		printf(", with a loop\n");
	return with != NULL ? relate_file(a, e, with, NULL) : STATUS_OK;
}

static enum status
run_check(const struct args *a)
{
	char *text = words_join(a, 0);
	struct code c = { .words = NULL };
	struct expr e;
	enum form as;
	enum status st = form_parse(a, &as);

	if (st == STATUS_OK)
		st = expr_compile(a, text, &e);
	if (st == STATUS_OK) {
		st = code_compile_one(a, &e.filter, &c);
		if (st == STATUS_OK)
			st = a->json ? check_json(a, &e, &c)
				     : check_text(a, &e, &c, as);
		code_release(&c);
		expr_release(&e);
	}
	free(text);
	return st;
}

const struct command cmd_filter_check = {
	.group = "filter",
	.verb = "check",
	.words = "EXPR...",
	.min_words = 1,
	.max_words = CLI_NO_LIMIT,
	.what = "atoms, cost and overlaps of a pcap expression; needs no "
		"machine",
	.options = check_options,
	.example = "spindle filter check 'udp dst port 7' --with mine.filters",
	.run = run_check,
};
