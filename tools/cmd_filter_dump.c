/*
 * cmd_filter_dump.c - what is bound, as atoms, graph, code or for graphviz.
 *
 * One filter alone, or all of them merged as the kernel merges them.  The kernel
 * gives nobody its code; the tool makes it again from the filters.
 */
#include "bindings.h"
#include "commands.h"
#include "forms.h"
#include "merged.h"

#include <stdlib.h>
#include <string.h>

static const struct option dump_options[] = {
	{ "all", 0, NULL, "all filters; graph, mips, dot: merged into one" },
	{ "as", 0, "FORM", FORM_NAMES " (default: atoms)" },
	{ NULL, 0, NULL, NULL },
};

static const struct {
	const char *name;
	enum dpf_set_kind kind;
} groups[MERGED_COUNT] = {
	[MERGED_RECEIVE] = { "received", DPF_SET_ONE },
	[MERGED_TAPS] = { "taps", DPF_SET_ALL },
	[MERGED_SENT] = { "taps-out", DPF_SET_ALL },
	[MERGED_TESTS] = { "tests", DPF_SET_ALL },
};

struct dump {
	const struct args *a;
	struct session *s;
	enum form as;
	FILE *out;
	/* The filters of the group at hand. */
	struct expr *e;
	struct merged_entry *entries;
	size_t n;
};

/* --- merged -------------------------------------------------------------------- */

/* Applications bind filters, too; those the agent does not have. */
static enum status
fetch(struct dump *d, const struct sp_binding_info *b)
{
	struct merged_entry *entry = &d->entries[d->n];
	uint8_t *blob;
	size_t bytes;
	int err = ctl_fetch(d->s->ctl, AG_FILTER_BLOB, b->name, &blob, &bytes);
	enum status st;

	if (err == SP_ENOENT) {
		fprintf(d->out,
			"%s %s of %s was not bound by the agent, which "
			"does not have its filter: left out\n",
			d->as == AS_DOT ? "//" : "#", b->name,
			env_name(d->s->info, b->owner));
		return STATUS_OK;
	}
	if (err < 0)
		return session_fail(d->a, d->s, b->name, err);
	st = expr_from_blob(d->a, b->name, blob, bytes, &d->e[d->n]);
	if (st != STATUS_OK)
		return st;
	if ((b->flags & SP_BIND_SHARED) != 0)
		fprintf(d->out,
			"%s %s shares: who gets frames to groups and ARP is "
			"not decided here\n",
			d->as == AS_DOT ? "//" : "#", b->name);
	entry->filter = &d->e[d->n].filter;
	entry->id = b->id & 0xffff;
	entry->rank = b->rank;
	entry->name = b->name;
	d->n++;
	return STATUS_OK;
}

static void
release_group(struct dump *d)
{
	while (d->n > 0)
		expr_release(&d->e[--d->n]);
}

static enum status
print_merged(struct dump *d, enum merged g, struct merged_set *m)
{
	const char *name = groups[g].name;
	char prefix[16];

	if (d->as == AS_DOT) {
		snprintf(prefix, sizeof(prefix), "s%d", (int)g);
		fprintf(d->out, "subgraph cluster_%s {\n\tlabel=\"%s\";\n",
			prefix, name);
		merged_print_dot(m, prefix, d->out);
		fputs("}\n", d->out);
		return STATUS_OK;
	}
	fprintf(d->out,
		"# %s: %zu filters, %zu bytes of code, at most %u "
		"instructions a frame\n",
		name, d->n, merged_bytes(m), merged_worst(m));
	if (d->as == AS_MIPS)
		return merged_print_code(d->a, m, d->out);
	merged_print_trie(m, d->out);
	return STATUS_OK;
}

static enum status
dump_group(struct dump *d, enum merged g)
{
	const struct sp_info *info = d->s->info;
	struct merged_set *m;
	enum status st = STATUS_OK;

	for (size_t i = 0; i < SP_MAX_BINDINGS && st == STATUS_OK; i++)
		if (info->binding[i].id != 0 &&
			binding_merged(&info->binding[i]) == g)
			st = fetch(d, &info->binding[i]);
	if (st == STATUS_OK && d->n > 0) {
		st = merged_make(d->a, groups[g].kind, d->entries, d->n, &m);
		if (st == STATUS_OK) {
			st = print_merged(d, g, m);
			merged_release(m);
		}
	}
	release_group(d);
	return st;
}

static enum status
dump_merged(struct dump *d)
{
	enum status st = STATUS_OK;

	d->e = xalloc(SP_MAX_BINDINGS * sizeof(*d->e));
	d->entries = xalloc(SP_MAX_BINDINGS * sizeof(*d->entries));
	if (d->as == AS_DOT)
		fputs("digraph \"filters\" {\nnode [fontname=monospace];\n",
			d->out);
	else
		fputs("# made from the bound filters as the kernel makes it; "
		      "there addresses and\n# hash functions are others\n",
			d->out);
	for (int g = 0; g < MERGED_COUNT && st == STATUS_OK; g++)
		st = dump_group(d, (enum merged)g);
	if (d->as == AS_DOT)
		fputs("}\n", d->out);
	free(d->e);
	free(d->entries);
	return st;
}

/* --- each by itself -------------------------------------------------------------- */

static enum status
dump_one(struct dump *d, const char *name)
{
	struct expr e;
	enum status st = binding_fetch(d->a, d->s, name, &e);

	if (st != STATUS_OK)
		return st;
	st = form_print(d->a, &e, name, d->as, d->out);
	expr_release(&e);
	return st;
}

static enum status
dump_each(struct dump *d)
{
	const struct sp_info *info = d->s->info;
	enum status st = STATUS_OK;

	for (size_t i = 0; i < SP_MAX_BINDINGS && st == STATUS_OK; i++) {
		if (info->binding[i].id == 0)
			continue;
		fprintf(d->out, "# %s\n", info->binding[i].name);
		st = dump_one(d, info->binding[i].name);
	}
	return st;
}

static enum status
dump(struct dump *d)
{
	bool all = opt_get(d->a, "all") != NULL;
	enum status st;

	if (!all)
		return dump_one(d, d->a->words[0]);
	st = session_info(d->a, d->s, CTL_ALL_TABLES);
	if (st != STATUS_OK)
		return st;
	return d->as == AS_ATOMS || d->as == AS_BPF ? dump_each(d)
						    : dump_merged(d);
}

/* The same as JSON: the text in a member. */
static enum status
dump_json(struct dump *d)
{
	char *text = NULL;
	size_t n;
	enum status st;

	d->out = open_memstream(&text, &n);
	if (d->out == NULL)
		return cli_fail(d->a, "out of memory");
	st = dump(d);
	fclose(d->out);
	if (st == STATUS_OK)
		st = cli_json(json_pack("{s:s, s:s, s:s}", "name",
			d->a->nwords > 0 ? d->a->words[0] : "all", "as",
			form_name(d->as), "text", text));
	free(text);
	return st;
}

static enum status
run_dump(const struct args *a)
{
	struct session s = { .ctl = NULL };
	struct dump d = { .a = a, .s = &s, .out = stdout };
	bool all = opt_get(a, "all") != NULL;
	enum status st = form_parse(a, &d.as);

	if (st == STATUS_OK && all == (a->nwords > 0))
		st = cli_misuse(a, "expected a NAME or --all");
	if (st == STATUS_OK && !all)
		st = word_name(a, "filter", a->words[0]);
	if (st == STATUS_OK)
		st = session_open(a, &s);
	if (st == STATUS_OK)
		st = a->json ? dump_json(&d) : dump(&d);
	session_close(&s);
	return st;
}

const struct command cmd_filter_dump = {
	.group = "filter",
	.verb = "dump",
	.words = "NAME|--all",
	.max_words = 1,
	.what = "a bound filter, or all merged, as atoms, code or graph",
	.options = dump_options,
	.example = "spindle filter dump --all --as mips\n"
		   "  spindle filter dump web --as graph\n"
		   "  spindle filter dump --all --as dot | dot -Tsvg >trie.svg",
	.run = run_dump,
};
