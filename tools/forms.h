/*
 * forms.h - the forms in which `filter check` and `filter dump` print a filter.
 */
#ifndef TOOLS_FORMS_H
#define TOOLS_FORMS_H

#include "code.h"
#include "expr.h"

enum {
	FORM_PATHS = 64, /* conjunctions that are printed */
	FORM_PATHS_JSON = 4096,
};

enum form { AS_ATOMS, AS_GRAPH, AS_MIPS, AS_DOT, AS_BPF };
#define FORM_NAMES "atoms, graph, mips, dot or bpf"

/* The value of --as; AS_ATOMS when it was not given. */
enum status form_parse(const struct args *a, enum form *out);

const char *form_name(enum form as);

/* Print E, which is called NAME. */
enum status form_print(const struct args *a, const struct expr *e,
	const char *name, enum form as, FILE *out);

#endif /* TOOLS_FORMS_H */
