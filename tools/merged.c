/*
 * merged.c - the classifier of a set of filters, annotated.
 *
 * dpf says which piece of the trie each word of code serves; here that becomes
 * text: the atoms it tests, and the names of the filters it decides about.
 */
#include "merged.h"

#include "ash/host/ash_host.h"
#include "expr.h"

#include <ctype.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

enum {
	POOL_MIN = 2 << 20,
	POOL_EACH = 32 << 10, /* for each filter */
	POOL_MAX = 256 << 20, /* as far as a jump leads */
	NAMES = 3,            /* of the filters that a piece decides about */
};

struct merged_set {
	const struct merged_entry *entries;
	size_t n;
	struct dpf_set *set;
	void *pool;
	uint32_t root; /* the classifier's address */
	char **note;   /* beside each word, while code is printed */
	size_t words;
};

enum status
merged_make(const struct args *a, enum dpf_set_kind kind,
	const struct merged_entry *entries, size_t n, struct merged_set **out)
{
	struct merged_set *m = xalloc(sizeof(*m));
	size_t bytes = n < (POOL_MAX - POOL_MIN) / POOL_EACH
			       ? POOL_MIN + n * POOL_EACH
			       : POOL_MAX;
	struct dpf_site site = {
		.bytes = bytes, .address = CODE_BASE, .root = &m->root
	};
	int err;

	m->entries = entries;
	m->n = n;
	m->pool = xalloc(bytes);
	site.pool = m->pool;
	err = dpf_set_open(&site, kind, &m->set);
	for (size_t i = 0; i < n && err >= 0; i++)
		err = dpf_set_insert(m->set, entries[i].filter, entries[i].id,
			entries[i].rank);
	if (err >= 0) {
		*out = m;
		return STATUS_OK;
	}
	merged_release(m);
	return cli_fail(a, "code generation: %s", sp_err_text(err));
}

void
merged_release(struct merged_set *m)
{
	free(m->pool);
	free(m);
}

size_t
merged_bytes(const struct merged_set *m)
{
	uint32_t address;
	size_t words;

	(void)dpf_set_code(m->set, &words, &address);
	return words * sizeof(uint32_t);
}

uint32_t
merged_worst(const struct merged_set *m)
{
	uint32_t bound = dpf_set_bound(m->set);

	return bound == UINT16_MAX ? 0 : bound;
}

/* --- pieces in words ----------------------------------------------------------- */

static const char *
name_of(const struct merged_set *m, uint32_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->entries[i].id == id)
			return m->entries[i].name;
	return "?";
}

/* Which filters a piece decides about, each once. */
struct names {
	const struct merged_set *m;
	uint32_t seen[NAMES];
	uint32_t last;
	size_t n, more;
};

static void
add_name(void *arg, uint32_t id)
{
	struct names *names = arg;

	for (size_t i = 0; i < names->n; i++)
		if (names->seen[i] == id)
			return;
	if (names->n < NAMES)
		names->seen[names->n++] = id;
	else if (id != names->last)
		names->more++;
	names->last = id;
}

static void
print_names(const struct merged_set *m, const struct dpf_item *item, FILE *out)
{
	struct names names = { .m = m };

	dpf_set_below(m->set, item, add_name, &names);
	for (size_t i = 0; i < names.n; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "",
			name_of(m, names.seen[i]));
	if (names.more > 0)
		fputs(", ...", out);
}

/* "A, B": the fields alone. */
static void
print_fields(const struct dpf_item *item, FILE *out)
{
	char text[160];

	for (unsigned i = 0; i < item->fields.nnodes; i++) {
		filter_field_text(
			&item->fields, &item->nodes[i], text, sizeof(text));
		fprintf(out, "%s%s", i > 0 ? ", " : "", text);
	}
}

static void
print_residual(const struct dpf_item *item, FILE *out)
{
	struct bpf_insn insn;
	const char *text;
	bool blank = true;

	if (item->insn == NULL) {
		fprintf(out, "residual of %u instructions", item->count);
		return;
	}
	memcpy(&insn, item->insn, sizeof(insn));
	fputs("residual ", out);
	for (text = bpf_image(&insn, 0) + strlen("(000)"); *text != '\0';
		text++) {
		bool space = isspace((unsigned char)*text);

		if (!space || !blank)
			fputc(space ? ' ' : *text, out);
		blank = space;
	}
}

static void
print_atoms(const struct dpf_item *item, FILE *out)
{
	char *text = filter_text(&item->fields, 1);

	fputs(text, out);
	free(text);
}

static void
print_item(const struct merged_set *m, const struct dpf_item *item, FILE *out)
{
	switch (item->kind) {
	case DPF_ITEM_TEST:
	case DPF_ITEM_BOUND:
		print_atoms(item, out);
		break;
	case DPF_ITEM_CHOICE:
		fputs("which of ", out);
		fprintf(out, "%u values has ", item->count);
		print_fields(item, out);
		break;
	case DPF_ITEM_TABLE:
		fprintf(out, "table of %u entries over ", item->count);
		print_fields(item, out);
		break;
	case DPF_ITEM_TAIL:
		if (item->fields.nnodes > 0)
			print_atoms(item, out);
		else
			fputs("shared tests", out);
		break;
	case DPF_ITEM_RESIDUAL:
		print_residual(item, out);
		break;
	case DPF_ITEM_LEAF:
		fprintf(out, "accept %s", name_of(m, item->id));
		return;
	default:
		fputs("way in and out", out);
		return;
	}
	fputs("  [", out);
	print_names(m, item, out);
	fputc(']', out);
}

static char *
item_text(const struct merged_set *m, const struct dpf_item *item)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (out == NULL)
		abort();
	print_item(m, item, out);
	fclose(out);
	return text;
}

/* --- code ------------------------------------------------------------------------ */

static void
take_note(void *arg, uint32_t i, const struct dpf_item *item)
{
	struct merged_set *m = arg;

	if (i >= m->words)
		return;
	free(m->note[i]);
	m->note[i] = item_text(m, item);
}

/* The same note is said once for a row of words. */
static void
print_words(const struct merged_set *m, FILE *out)
{
	uint32_t address;
	size_t n;
	const uint32_t *code = dpf_set_code(m->set, &n, &address);
	char text[80];

	for (size_t i = 0; i < n; i++) {
		uint32_t at = address + 4 * (uint32_t)i;
		const char *note =
			i < m->words && m->note[i] != NULL ? m->note[i] : "";
		bool again = i > 0 && i < m->words && m->note[i - 1] != NULL &&
			     strcmp(note, m->note[i - 1]) == 0;

		ash_host_insn(code[i], at, text, sizeof(text));
		if (again || note[0] == '\0')
			fprintf(out, "%08x:  %08x  %s\n", at, code[i], text);
		else
			fprintf(out, "%08x:  %08x  %-28s  ; %s\n", at, code[i],
				text, note);
	}
}

enum status
merged_print_code(const struct args *a, struct merged_set *m, FILE *out)
{
	int err;

	/* Twice the words: to annotate is to generate anew. */
	m->words = 2 * merged_bytes(m) / sizeof(uint32_t) + 64;
	m->note = xalloc(m->words * sizeof(*m->note));
	err = dpf_set_annotate(m->set, take_note, m);
	if (err >= 0)
		print_words(m, out);
	for (size_t i = 0; i < m->words; i++)
		free(m->note[i]);
	free(m->note);
	m->note = NULL;
	return err < 0 ? cli_fail(a, "code generation: %s", sp_err_text(err))
		       : STATUS_OK;
}

/* --- the trie -------------------------------------------------------------------- */

/* A piece, kept until all are there. */
struct piece {
	uint32_t at, above; /* at 0: nothing hangs on it */
	size_t order;
	char *text;
};

struct drawing {
	const struct merged_set *m;
	FILE *out;
	struct piece *v;
	size_t n, room;
	const char *prefix; /* for graphviz; NULL: for people */
};

static void
keep(struct drawing *d, const struct dpf_item *item, char *text)
{
	if (d->n == d->room) {
		d->room = d->room == 0 ? 64 : 2 * d->room;
		d->v = reallocarray(d->v, d->room, sizeof(*d->v));
		if (d->v == NULL)
			abort();
	}
	d->v[d->n] = (struct piece){
		.at = item->kind == DPF_ITEM_LEAF ? 0 : item->at,
		.above = item->above,
		.order = d->n,
		.text = text,
	};
	d->n++;
}

static int
by_above(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;

	if (a->above != b->above)
		return a->above < b->above ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* The first of those that hang on ABOVE, or where it would be. */
static size_t
first_below(const struct drawing *d, uint32_t above)
{
	size_t low = 0, high = d->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (d->v[mid].above < above)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
print_below(const struct drawing *d, uint32_t above, int depth)
{
	size_t i = first_below(d, above);

	for (; i < d->n && d->v[i].above == above; i++) {
		fprintf(d->out, "%*s%s\n", 2 * depth, "", d->v[i].text);
		if (d->v[i].at != 0)
			print_below(d, d->v[i].at, depth + 1);
	}
}

/* TEXT between quotes. */
static void
print_quoted(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void
draw_node(struct drawing *d, const struct dpf_item *item, const char *text)
{
	const char *shape = item->kind == DPF_ITEM_LEAF    ? "oval"
			    : item->kind == DPF_ITEM_TABLE ? "folder"
							   : "box";
	char name[24];

	/* Several filters may accept at one place. */
	if (item->kind == DPF_ITEM_LEAF)
		snprintf(name, sizeof(name), "l%zu", d->n++);
	else
		snprintf(name, sizeof(name), "p%u", item->at);
	fprintf(d->out, "\t%s%s [shape=%s label=", d->prefix, name, shape);
	print_quoted(text, d->out);
	fprintf(d->out, "];\n\t%s", d->prefix);
	if (item->above == 0)
		fputs("top", d->out);
	else
		fprintf(d->out, "p%u", item->above);
	fprintf(d->out, " -> %s%s;\n", d->prefix, name);
}

static void
draw(void *arg, const struct dpf_item *item)
{
	struct drawing *d = arg;
	char *text = item_text(d->m, item);

	if (d->prefix == NULL) {
		keep(d, item, text);
		return;
	}
	draw_node(d, item, text);
	free(text);
}

void
merged_print_trie(const struct merged_set *m, FILE *out)
{
	struct drawing d = { .m = m, .out = out };

	dpf_set_walk(m->set, draw, &d);
	if (d.n > 0) {
		qsort(d.v, d.n, sizeof(*d.v), by_above);
		print_below(&d, 0, 0);
	}
	for (size_t i = 0; i < d.n; i++)
		free(d.v[i].text);
	free(d.v);
}

void
merged_print_dot(const struct merged_set *m, const char *prefix, FILE *out)
{
	struct drawing d = { .m = m, .out = out, .prefix = prefix };

	fprintf(out, "\t%stop [shape=point];\n", prefix);
	dpf_set_walk(m->set, draw, &d);
}
