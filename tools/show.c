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

static bool
same_field(const struct dpf_node *a, const struct dpf_node *b)
{
	return a->base == b->base && a->off == b->off && a->width == b->width &&
	       a->mask == b->mask;
}

/* The last of the nodes from AT on that lead to the same place for one of
 * several values of one field: together they are membership in a set. */
static unsigned
set_end(const struct dpf_filter *f, unsigned at)
{
	const struct dpf_node *first = &f->nodes[at];
	unsigned next = first->no;

	while (first->op == DPF_EQ && !only_bounds(first) && next < f->nnodes &&
		f->nodes[next].op == DPF_EQ &&
		same_field(first, &f->nodes[next]) &&
		f->nodes[next].yes == first->yes) {
		at = next;
		next = f->nodes[at].no;
	}
	return at;
}

static void
print_set(const struct dpf_filter *f, unsigned first, unsigned last, bool yes,
	FILE *out)
{
	print_field(f, &f->nodes[first], out);
	fputs(yes ? " in {" : " not in {", out);
	for (unsigned i = first;; i = f->nodes[i].no) {
		print_value(&f->nodes[i], out);
		if (i == last)
			break;
		fputs(", ", out);
	}
	fputc('}', out);
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

void
filter_field_text(const struct dpf_filter *f, const struct dpf_node *n,
	char *out, size_t room)
{
	FILE *to = fmemopen(out, room, "w");

	if (to != NULL) {
		print_field(f, n, to);
		fclose(to);
	}
	out[room - 1] = '\0';
}

/* --- conjunctions ------------------------------------------------------------ */

struct walk {
	const struct dpf_filter *f;
	FILE *out;
	const char *between; /* two conjunctions */
	unsigned limit, printed;
	unsigned depth;
	struct {
		uint16_t first, last; /* nodes; the same but for a set */
		bool yes;
	} * path;
};

/*
 * That a field is not A says nothing where a later test says that it is B.  Who
 * reads the text from left to right finds the field equal to A earlier, in the
 * conjunctions that begin so, and all of those come before this one.
 */
static bool
goes_without_saying(const struct walk *w, unsigned i)
{
	const struct dpf_node *n = &w->f->nodes[w->path[i].first];

	if (n->op != DPF_EQ || w->path[i].yes)
		return false;
	for (unsigned k = i + 1; k < w->depth; k++) {
		const struct dpf_node *later = &w->f->nodes[w->path[k].first];

		if (later->op == DPF_EQ && w->path[k].yes &&
			same_field(n, later))
			return true;
	}
	return false;
}

static void
print_path(struct walk *w)
{
	const char *between = "(";

	if (w->printed++ > 0)
		fputs(w->between, w->out);
	if (w->depth == 0)
		fputs("true", w->out);
	for (unsigned i = 0; i < w->depth; i++) {
		unsigned first = w->path[i].first, last = w->path[i].last;

		if (goes_without_saying(w, i))
			continue;
		fputs(between, w->out);
		if (first == last)
			print_test(w->f, &w->f->nodes[first], w->path[i].yes,
				w->out);
		else
			print_set(w->f, first, last, w->path[i].yes, w->out);
		fputc(')', w->out);
		between = " && (";
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
	w->path[w->depth].first = (uint16_t)at;
	w->path[w->depth].last = (uint16_t)set_end(w->f, at);
	w->path[w->depth++].yes = true;
	walk(w, n->yes);
	w->path[w->depth - 1].yes = false;
	if (!only_bounds(n))
		walk(w, w->f->nodes[w->path[w->depth - 1].last].no);
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

/* What holds behind all that was printed; atoms.c does not read it. */
static void
print_residual(const struct dpf_filter *f, FILE *out)
{
	if (f->nresidual > 0)
		fprintf(out,
			"residual: and %u instructions of classic BPF say so "
			"(--as bpf prints them)\n",
			f->nresidual);
}

void
filter_print_atoms(const struct dpf_filter *f, unsigned limit, FILE *out)
{
	if (walk_all(f, limit, "\n", out) == 0)
		fputs("false", out);
	fputc('\n', out);
	print_residual(f, out);
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
	if (f->nresidual > 0)
		fputc('\n', out);
	print_residual(f, out);
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
	print_residual(f, out);
}

void
filter_print_dot(const struct dpf_filter *f, const char *name, FILE *out)
{
	fprintf(out, "digraph \"%s\" {\n", name);
	fputs("\tnode [shape=box fontname=monospace];\n"
	      "\taccept [shape=oval];\n\treject [shape=oval];\n\tstart -> ",
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
	if (f->nresidual > 0)
		fprintf(out,
			"\tr [label=\"%u instructions of residual\"];\n"
			"\taccept -> r;\n",
			f->nresidual);
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
