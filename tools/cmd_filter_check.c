/*
 * cmd_filter_check.c - what a filter would be: tests, cost, pitfalls, overlaps.
 *
 * Needs no machine.  Costs are those of the filter compiled alone; in the kernel
 * it shares tests with the others.
 */
#include "advice.h"
#include "commands.h"
#include "forms.h"
#include "frame_text.h"
#include "source.h"

#include <stdlib.h>
#include <string.h>

static const struct option check_options[] = {
	SOURCE_OPTIONS,
	{ "with", 0, "FILE", "compare with the NAME=EXPR lines of FILE" },
	{ "as", 0, "FORM", "only print it, as " FORM_NAMES },
	{ NULL, 0, NULL, NULL },
};

struct check {
	const struct args *a;
	struct expr e;
	struct code code;
	struct advices advices;
	json_t *relations; /* an array, or NULL: print them */
};

/* --- the others ----------------------------------------------------------------- */

static void
tell_relation(struct check *c, const char *name, uint32_t relation,
	const struct dpf_example *ex)
{
	json_t *o;

	if (relation == DPF_EQUAL)
		advice_identical(&c->advices, name);
	if (c->relations != NULL) {
		o = json_pack("{s:s, s:s}", "name", name, "relation",
			relation_name(relation));
		frame_json(ex->frame, ex->len, o);
		json_array_append_new(c->relations, o);
		return;
	}
	printf("%-16s %s", name, relation_name(relation));
	if (ex->len > 0) {
		fputs(", both take ", stdout);
		frame_print(ex->frame, ex->len, stdout);
	}
	putchar('\n');
}

static enum status
relate(void *arg, size_t line, const char *name, const char *text)
{
	struct check *c = arg;
	struct dpf_example ex = { .len = 0 };
	struct expr other;
	char *why = expr_try(text, &other);
	enum status st = STATUS_OK;
	int r;

	if (why != NULL) {
		st = cli_fail(
			c->a, "%s:%zu: %s", opt_get(c->a, "with"), line, why);
		free(why);
		return st;
	}
	r = expr_relate(&c->e.filter, &other.filter, &ex);
	if (r < 0)
		st = cli_fail(c->a, "%s: %s", name, sp_err_text(r));
	else
		tell_relation(c, name, (uint32_t)r, &ex);
	expr_release(&other);
	return st;
}

/* --- the answer ----------------------------------------------------------------- */

static enum status
check_json(struct check *c)
{
	char *text = filter_text(&c->e.filter, FORM_PATHS_JSON);
	json_t *o = json_pack("{s:s, s:i, s:i, s:i, s:I, s:I}", "atoms", text,
		"nodes", (int)c->e.filter.nnodes, "paths",
		(int)filter_paths(&c->e.filter, 1 << 16), "residual",
		(int)c->e.filter.nresidual, "native_bytes",
		(json_int_t)(c->code.n * 4), "worst",
		(json_int_t)code_worst(c->code.words, c->code.n));

	json_object_set_new(o, "warnings", advices_json(&c->advices));
	json_object_set(o, "relations", c->relations);
	free(text);
	return cli_json(o);
}

static void
check_text(const struct check *c)
{
	uint32_t worst = code_worst(c->code.words, c->code.n);
	const char *why = c->e.residual_why;

	filter_print_atoms(&c->e.filter, FORM_PATHS, stdout);
	printf("tests: %u; residual: %u%s%s%s; compiled alone: %zu bytes",
		c->e.filter.nnodes, c->e.filter.nresidual,
		why != NULL ? " (" : "", why != NULL ? why : "",
		why != NULL ? ")" : "", c->code.n * 4);
	if (worst > 0)
		printf(", at most %u instructions a frame\n", worst);
	else
		puts(", with a loop");
}

static enum status
check(struct check *c)
{
	const char *with = opt_get(c->a, "with");
	enum status st = code_compile_one(c->a, &c->e.filter, &c->code);

	if (st != STATUS_OK)
		return st;
	advices_of(&c->e, &c->advices);
	if (c->a->json)
		c->relations = json_array();
	else
		check_text(c);
	if (with != NULL)
		st = source_lines(c->a, with, relate, c);
	if (st == STATUS_OK && c->a->json)
		st = check_json(c);
	else if (st == STATUS_OK)
		advices_print(&c->advices, true, stdout);
	json_decref(c->relations);
	advices_release(&c->advices);
	code_release(&c->code);
	return st;
}

static enum status
run_check(const struct args *a)
{
	struct check *c;
	enum form as;
	enum status st = form_parse(a, &as);

	if (st == STATUS_OK && opt_get(a, "as") != NULL &&
		(a->json || opt_get(a, "with") != NULL))
		st = cli_misuse(a, "--as prints the filter and nothing else");
	if (st != STATUS_OK)
		return st;
	c = xalloc(sizeof(*c));
	c->a = a;
	st = source_compile(a, 0, &c->e);
	if (st == STATUS_OK) {
		st = opt_get(a, "as") != NULL
			     ? form_print(a, &c->e, "filter", as, stdout)
			     : check(c);
		expr_release(&c->e);
	}
	free(c);
	return st;
}

const struct command cmd_filter_check = {
	.group = "filter",
	.verb = "check",
	.words = "[EXPR...]",
	.max_words = CLI_NO_LIMIT,
	.what = "atoms, cost, pitfalls and overlaps of a filter; needs no "
		"machine",
	.options = check_options,
	.example = "spindle filter check 'udp dst port 7' --with mine.filters\n"
		   "  spindle filter check 'vlan 5 or ip'\n"
		   "  tcpdump -ddd ip | spindle filter check --bpf -\n"
		   "  spindle filter check 'tcp port 80' --as dot | dot -Tsvg "
		   ">f.svg",
	.run = run_check,
};
