/*
 * forms.c - one filter as atoms, graph, MIPS code or for graphviz.
 */
#include "forms.h"

#include "bpf_text.h"
#include "merged.h"

#include <string.h>

static const char *const names[] = { "atoms", "graph", "mips", "dot", "bpf" };

const char *
form_name(enum form as)
{
	return names[as];
}

enum status
form_parse(const struct args *a, enum form *out)
{
	const char *text = opt_get(a, "as");

	*out = AS_ATOMS;
	if (text == NULL)
		return STATUS_OK;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (enum form)i;
			return STATUS_OK;
		}
	}
	return cli_misuse(a, "--as is " FORM_NAMES ", not '%s'", text);
}

static enum status
print_program(
	const struct args *a, const struct expr *e, const char *name, FILE *out)
{
	const struct dpf_filter *f = &e->filter;

	if (e->prog.bf_len > 0)
		bpf_text_print(e->prog.bf_insns, e->prog.bf_len, out);
	else if (f->nresidual > 0)
		bpf_text_print((const struct bpf_insn *)f->residual,
			f->nresidual, out);
	else
		return cli_fail(a,
			"'%s' is bound as atoms, its program is not kept",
			name);
	return STATUS_OK;
}

static enum status
print_code(const struct args *a, const struct dpf_filter *f, const char *name,
	FILE *out)
{
	const struct merged_entry one = {
		.filter = f, .id = 1, .rank = 1, .name = name
	};
	struct merged_set *m;
	enum status st = merged_make(a, DPF_SET_ONE, &one, 1, &m);

	if (st != STATUS_OK)
		return st;
	st = merged_print_code(a, m, out);
	merged_release(m);
	return st;
}

enum status
form_print(const struct args *a, const struct expr *e, const char *name,
	enum form as, FILE *out)
{
	switch (as) {
	case AS_ATOMS:
		filter_print_atoms(&e->filter, FORM_PATHS_JSON, out);
		return STATUS_OK;
	case AS_GRAPH:
		filter_print_graph(&e->filter, out);
		return STATUS_OK;
	case AS_DOT:
		filter_print_dot(&e->filter, name, out);
		return STATUS_OK;
	case AS_BPF:
		return print_program(a, e, name, out);
	case AS_MIPS:
		break;
	}
	return print_code(a, &e->filter, name, out);
}
