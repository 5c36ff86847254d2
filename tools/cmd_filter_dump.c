/*
 * cmd_filter_dump.c - what is bound, as atoms, graph, code or for graphviz.
 */
#include "bindings.h"
#include "commands.h"
#include "forms.h"

#include <stdlib.h>
#include <string.h>

static const struct option dump_options[] = {
	{ "all", 0, NULL, "all filters; --as mips: the merged classifiers" },
	{ "as", 0, "FORM", "atoms (default), graph, mips or dot" },
	{ NULL, 0, NULL, NULL },
};

static enum status
dump_one(
	const struct args *a, struct session *s, const char *name, enum form as)
{
	struct expr e;
	enum status st = binding_fetch(a, s, name, &e);

	if (st != STATUS_OK)
		return st;
	if (a->json) {
		char *text = filter_text(&e.filter, FORM_PATHS_JSON);

		st = cli_json(json_pack("{s:s, s:s, s:i}", "name", name,
			"atoms", text, "nodes", (int)e.filter.nnodes));
		free(text);
	} else {
		st = form_print(a, &e, name, as);
	}
	expr_release(&e);
	return st;
}

/* One of the kernel's classifiers, as the kernel compiles it. */
static enum status
dump_merged(const struct args *a, struct session *s, enum merged which)
{
	struct code_entry *entries = xalloc(SP_MAX_BINDINGS * sizeof(*entries));
	struct expr *e = xalloc(SP_MAX_BINDINGS * sizeof(*e));
	struct code c = { .words = NULL };
	enum status st = STATUS_OK;
	size_t n = 0;

	for (size_t i = 0; i < SP_MAX_BINDINGS && st == STATUS_OK; i++) {
		const struct sp_binding_info *b = &s->info->binding[i];

		if (b->id == 0 || binding_merged(b) != which)
			continue;
		st = binding_fetch(a, s, b->name, &e[n]);
		entries[n].filter = &e[n].filter;
		entries[n].id = (uint32_t)i + 1;
		entries[n].rank = b->rank;
		printf("# %s = %u\n", b->name, entries[n].id);
		n += st == STATUS_OK;
	}
	if (st == STATUS_OK)
		st = code_compile(a,
			which == MERGED_RECEIVE ? DPF_SET_ONE : DPF_SET_ALL,
			entries, n, &c);
	if (st == STATUS_OK)
		code_dump(c.words, c.n, CODE_BASE, stdout);
	code_release(&c);
	while (n > 0)
		expr_release(&e[--n]);
	free(entries);
	free(e);
	return st;
}

static enum status
dump_all(const struct args *a, struct session *s, enum form as)
{
	static const char *const titles[MERGED_COUNT] = {
		"# classifier of all bindings but taps",
		"# classifier of all taps",
		"# classifier of all taps of what is sent",
	};
	enum status st = session_info(a, s, CTL_ALL_TABLES);

	if (as == AS_MIPS) {
		for (int i = 0; i < MERGED_COUNT && st == STATUS_OK; i++) {
			puts(titles[i]);
			st = dump_merged(a, s, (enum merged)i);
		}
		return st;
	}
	for (size_t i = 0; i < SP_MAX_BINDINGS && st == STATUS_OK; i++) {
		if (s->info->binding[i].id == 0)
			continue;
		if (!a->json && as != AS_DOT)
			printf("# %s\n", s->info->binding[i].name);
		st = dump_one(a, s, s->info->binding[i].name, as);
	}
	return st;
}

static enum status
run_dump(const struct args *a)
{
	struct session s = { .ctl = NULL };
	bool all = opt_get(a, "all") != NULL;
	enum form as;
	enum status st = form_parse(a, &as);

	if (st == STATUS_OK && all == (a->nwords > 0))
		st = cli_misuse(a, "expected a NAME or --all");
	if (st == STATUS_OK && !all)
		st = word_name(a, "filter", a->words[0]);
	if (st == STATUS_OK)
		st = session_open(a, &s);
	if (st == STATUS_OK)
		st = all ? dump_all(a, &s, as)
			 : dump_one(a, &s, a->words[0], as);
	session_close(&s);
	return st;
}

const struct command cmd_filter_dump = {
	.group = "filter",
	.verb = "dump",
	.words = "NAME|--all",
	.max_words = 1,
	.what = "a bound filter as atoms, graph, MIPS code or for graphviz",
	.options = dump_options,
	.example = "spindle filter dump web --as mips",
	.run = run_dump,
};
