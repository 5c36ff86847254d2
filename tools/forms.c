/*
 * forms.c - one filter as atoms, graph, MIPS code or for graphviz.
 */
#include "forms.h"

#include "bpf_text.h"

#include <string.h>

enum status
form_parse(const struct args *a, enum form *out)
{
	static const char *const names[] = { "atoms", "graph", "mips", "dot",
		"bpf" };
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
print_program(const struct args *a, const struct expr *e, const char *name)
{
	const struct dpf_filter *f = &e->filter;

	if (e->prog.bf_len > 0)
		bpf_text_print(e->prog.bf_insns, e->prog.bf_len, stdout);
	else if (f->nresidual > 0)
		bpf_text_print((const struct bpf_insn *)f->residual,
			f->nresidual, stdout);
	else
		return cli_fail(a,
			"'%s' is bound as atoms, its program is not kept",
			name);
	return STATUS_OK;
}

enum status
form_print(const struct args *a, const struct expr *e, const char *name,
	enum form as)
{
	struct code c;
	enum status st;

	switch (as) {
	case AS_ATOMS:
		filter_print_atoms(&e->filter, FORM_PATHS_JSON, stdout);
		return STATUS_OK;
	case AS_GRAPH:
		filter_print_graph(&e->filter, stdout);
		return STATUS_OK;
	case AS_DOT:
		filter_print_dot(&e->filter, name, stdout);
		return STATUS_OK;
	case AS_BPF:
		return print_program(a, e, name);
	case AS_MIPS:
		break;
	}
	st = code_compile_one(a, &e->filter, &c);
	if (st == STATUS_OK)
		code_dump(c.words, c.n, CODE_BASE, stdout);
	code_release(&c);
	return st;
}
