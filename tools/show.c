/*
 * show.c - print a filter: as conjunctions, as its graph, for graphviz.
 *
 * The graph shares nodes, so it can have many more paths than nodes; printing
 * stops at a limit and says so.
 */
#include "expr.h"

#include <stdlib.h>
#include <string.h>

static void
print_base(const struct dpf_filter *f, unsigned base, FILE *out)
{
	const struct dpf_base *b;

	if (base == DPF_BASE_FRAME)
		return;
	b = &f->bases[base - 1];
	print_base(f, b->from, out);
	fprintf(out, "shift((%u:%u & 0x%x) %s %d)+", b->off, b->width * 8u,
		b->mask, b->shift < 0 ? ">>" : "<<", abs(b->shift));
}

static uint32_t
full_mask(const struct dpf_node *n)
{
	return n->width == 4 ? 0xffffffff : (1u << n->width * 8) - 1;
}

static void
print_field(const struct dpf_filter *f, const struct dpf_node *n, FILE *out)
{
	bool masked = n->mask != full_mask(n);

	if (masked)
		fputc('(', out);
	if (n->base == DPF_BASE_LEN) {
		fputs("len", out);
	} else {
		print_base(f, n->base, out);
		fprintf(out, "%u:%u", n->off, n->width * 8u);
	}
	if (masked)
		fprintf(out, " & 0x%x)", n->mask);
}

/* A test whose outcome is certain once the load lies inside the frame. */
static bool
only_bounds(const struct dpf_node *n)
{
	return n->op == DPF_EQ && n->mask == 0;
}

static void
print_value(const struct dpf_node *n, FILE *out)
{
	if (n->base != DPF_BASE_LEN && n->width > 1 && n->value > 9)
		fprintf(out, "0x%x", n->value);
	else
		fprintf(out, "%u", n->value);
}

static void
print_test(const struct dpf_filter *f, const struct dpf_node *n, bool yes,
	FILE *out)
{
	static const char *const sign[2][2] = { { "!=", "==" }, { "<=", ">" } };

	if (only_bounds(n)) {
		print_base(f, n->base, out);
		fprintf(out, "%u:%u exists", n->off, n->width * 8u);
		return;
	}
	print_field(f, n, out);
	fprintf(out, " %s ", sign[n->op == DPF_GT][yes]);
	print_value(n, out);
}

/* --- conjunctions ------------------------------------------------------------ */

struct walk {
	const struct dpf_filter *f;
	FILE *out;
	const char *between; /* two conjunctions */
	unsigned limit, printed;
	unsigned depth;
	struct {
		uint16_t node;
		bool yes;
	} * path;
};

static void
print_path(struct walk *w)
{
	if (w->printed++ > 0)
		fputs(w->between, w->out);
	if (w->depth == 0)
		fputs("true", w->out);
	for (unsigned i = 0; i < w->depth; i++) {
		fputs(i > 0 ? " && (" : "(", w->out);
		print_test(w->f, &w->f->nodes[w->path[i].node], w->path[i].yes,
			w->out);
		fputc(')', w->out);
	}
}

static void
walk(struct walk *w, unsigned at)
{
	const struct dpf_node *n;

	if (at == DPF_REJECT || w->printed >= w->limit)
		return;
	if (at == DPF_ACCEPT) {
		if (w->out != NULL)
			print_path(w);
		else
			w->printed++;
		return;
	}
	n = &w->f->nodes[at];
	w->path[w->depth].node = (uint16_t)at;
	w->path[w->depth++].yes = true;
	walk(w, n->yes);
	w->path[w->depth - 1].yes = false;
	if (!only_bounds(n))
		walk(w, n->no);
	w->depth--;
}

static unsigned
walk_all(const struct dpf_filter *f, unsigned limit, const char *between,
	FILE *out)
{
	struct walk w = {
		.f = f, .out = out, .between = between, .limit = limit
	};

	w.path = xalloc((f->nnodes + 1u) * sizeof(*w.path));
	walk(&w, f->root);
	free(w.path);
	return w.printed;
}

unsigned
filter_paths(const struct dpf_filter *f, unsigned max)
{
	return walk_all(f, max, "", NULL);
}

void
filter_print_atoms(const struct dpf_filter *f, unsigned limit, FILE *out)
{
	if (walk_all(f, limit, "\n", out) == 0)
		fputs("false", out);
	fputc('\n', out);
	if (filter_paths(f, limit + 1) > limit)
		fprintf(out,
			"... (more than %u conjunctions; %u tests in all, "
			"--as graph prints them)\n",
			limit, f->nnodes);
}

char *
filter_text(const struct dpf_filter *f, unsigned limit)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (out == NULL)
		return xformat("?");
	if (walk_all(f, limit, " || ", out) == 0)
		fputs("false", out);
	if (filter_paths(f, limit + 1) > limit)
		fputs(" || ...", out);
	fclose(out);
	return text;
}

/* --- graph ------------------------------------------------------------------- */

static void
print_target(unsigned to, FILE *out)
{
	if (to == DPF_ACCEPT)
		fputs("accept", out);
	else if (to == DPF_REJECT)
		fputs("reject", out);
	else
		fprintf(out, "n%u", to);
}

void
filter_print_graph(const struct dpf_filter *f, FILE *out)
{
	if (f->nnodes == 0) {
		print_target(f->root, out);
		fputc('\n', out);
	}
	for (unsigned i = 0; i < f->nnodes; i++) {
		fprintf(out, "n%u: ", i);
		print_test(f, &f->nodes[i], true, out);
		fputs(" ? ", out);
		print_target(f->nodes[i].yes, out);
		fputs(" : ", out);
		print_target(
			only_bounds(&f->nodes[i]) ? DPF_REJECT : f->nodes[i].no,
			out);
		fputc('\n', out);
	}
}

void
filter_print_dot(const struct dpf_filter *f, const char *name, FILE *out)
{
	fprintf(out, "digraph \"%s\" {\n", name);
	fputs("\tnode [shape=box fontname=monospace];\n"
	      "\taccept [shape=oval]; reject [shape=oval];\n\tstart -> ",
		out);
	print_target(f->nnodes > 0 ? 0 : f->root, out);
	fputs(";\n\tstart [shape=point];\n", out);
	for (unsigned i = 0; i < f->nnodes; i++) {
		fprintf(out, "\tn%u [label=\"", i);
		print_test(f, &f->nodes[i], true, out);
		fprintf(out, "\"];\n\tn%u -> ", i);
		print_target(f->nodes[i].yes, out);
		fprintf(out, " [label=yes];\n\tn%u -> ", i);
		print_target(
			only_bounds(&f->nodes[i]) ? DPF_REJECT : f->nodes[i].no,
			out);
		fputs(" [label=no style=dashed];\n", out);
	}
	fputs("}\n", out);
}

/* --- words ------------------------------------------------------------------- */

const char *
relation_name(uint32_t relation)
{
	static const char *const names[] = { "disjoint", "equal", "inside",
		"contains", "overlaps", "undecided" };

	return relation < sizeof(names) / sizeof(names[0]) ? names[relation]
							   : "unknown";
}

void
print_hex(const uint8_t *p, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%02x", p[i]);
}
