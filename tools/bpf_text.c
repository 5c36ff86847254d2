/*
 * bpf_text.c - read and print classic BPF programs.
 *
 * What is a valid program dpf_lift() decides; here only its lines are known.
 */
#include "bpf_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INSNS = 1 << 16 };

struct reader {
	const struct args *a;
	const char *name;
	FILE *in;
	size_t line; /* number of the line in text */
	char *text;
	size_t room;
	struct bpf_insn *v;
	size_t *lines; /* where each instruction is */
	size_t n;
};

/* The next line that says something, its blanks skipped; NULL at the end. */
static char *
next_line(struct reader *r)
{
	while (getline(&r->text, &r->room, r->in) >= 0) {
		char *at = r->text;

		r->line++;
		while (isspace((unsigned char)*at))
			at++;
		at[strcspn(at, "\r\n")] = '\0';
		if (*at != '\0' && *at != '#')
			return at;
	}
	return NULL;
}

/* N numbers, with the characters of BETWEEN allowed around them; false: not. */
static bool
numbers(const char *at, const char *between, uint64_t *out, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char *end;

		at += strspn(at, between);
		if (!isdigit((unsigned char)*at))
			return false;
		out[i] = strtoull(at, &end, 0);
		at = end;
	}
	return at[strspn(at, between)] == '\0';
}

static enum status
add(struct reader *r, const char *text, bool c_form)
{
	static const struct {
		const char *name;
		uint64_t most;
	} part[] = { { "code", 0xffff }, { "jt", 0xff }, { "jf", 0xff },
		{ "k", 0xffffffff } };
	uint64_t v[4];

	if (!numbers(text, c_form ? "{}, \t" : " \t", v, 4))
		return cli_fail(r->a, "%s:%zu: expected %s", r->name, r->line,
			c_form ? "{ CODE, JT, JF, K }," : "CODE JT JF K");
	for (unsigned i = 0; i < 4; i++)
		if (v[i] > part[i].most)
			return cli_fail(r->a,
				"%s:%zu: %s is %llu, at most %llu is possible",
				r->name, r->line, part[i].name,
				(unsigned long long)v[i],
				(unsigned long long)part[i].most);
	if (r->n == MAX_INSNS)
		return cli_fail(r->a, "%s:%zu: more than %d instructions",
			r->name, r->line, MAX_INSNS);
	r->lines[r->n] = r->line;
	r->v[r->n++] = (struct bpf_insn){ (u_short)v[0], (u_char)v[1],
		(u_char)v[2], (u_int)v[3] };
	return STATUS_OK;
}

static enum status
read_all(struct reader *r)
{
	char *text = next_line(r);
	bool c_form = text != NULL && text[0] == '{';
	size_t head = r->line;
	uint64_t count = 0;
	enum status st = STATUS_OK;

	if (text == NULL)
		return cli_fail(r->a, "%s: no program", r->name);
	if (c_form)
		st = add(r, text, true);
	else if (!numbers(text, " \t", &count, 1) || count == 0)
		return cli_fail(r->a,
			"%s:%zu: expected the number of instructions "
			"(tcpdump -ddd) or { CODE, JT, JF, K } (-dd)",
			r->name, r->line);
	while (st == STATUS_OK && (text = next_line(r)) != NULL) {
		if (!c_form && r->n == count)
			return cli_fail(r->a,
				"%s:%zu: line %zu says %llu instructions, this "
				"is one more",
				r->name, r->line, head,
				(unsigned long long)count);
		st = add(r, text, c_form);
	}
	if (st == STATUS_OK && !c_form && r->n < count)
		return cli_fail(r->a,
			"%s:%zu: says %llu instructions, but there are %zu",
			r->name, head, (unsigned long long)count, r->n);
	return st;
}

/* The instruction as tcpdump -d prints it, its blanks single. */
static void
disassemble(const struct bpf_insn *i, size_t pc, char *out, size_t room)
{
	const char *from = bpf_image(i, (int)pc);
	size_t n = 0;

	for (; *from != '\0' && n + 1 < room; from++)
		if (!isspace((unsigned char)*from) ||
			(n > 0 && out[n - 1] != ' '))
			out[n++] = isspace((unsigned char)*from) ? ' ' : *from;
	out[n] = '\0';
}

static enum status
lift(struct reader *r, struct expr *out)
{
	char text[100], *why;
	size_t pc = 0;
	enum status st = STATUS_OK;

	why = expr_try_program(r->v, r->n, out, &pc);
	if (why != NULL) {
		pc = pc < r->n ? pc : r->n - 1;
		disassemble(&r->v[pc], pc, text, sizeof(text));
		st = cli_fail(r->a, "%s:%zu: %s: %s", r->name, r->lines[pc],
			text, why);
	}
	free(why);
	return st;
}

enum status
bpf_text_read(
	const struct args *a, FILE *in, const char *name, struct expr *out)
{
	struct reader r = { .a = a, .name = name, .in = in };
	enum status st;

	memset(out, 0, sizeof(*out));
	r.v = xalloc(MAX_INSNS * sizeof(*r.v));
	r.lines = xalloc(MAX_INSNS * sizeof(*r.lines));
	st = read_all(&r);
	if (st == STATUS_OK)
		st = lift(&r, out);
	free(r.text);
	free(r.lines);
	free(r.v);
	return st;
}

void
bpf_text_print(const struct bpf_insn *insns, size_t n, FILE *out)
{
	fprintf(out, "%zu\n", n);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%u %u %u %u\n", insns[i].code, insns[i].jt,
			insns[i].jf, insns[i].k);
}
