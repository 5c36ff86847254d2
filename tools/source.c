/*
 * source.c - find the text of a filter and compile it.
 */
#include "source.h"

#include "atoms.h"
#include "bpf_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum status
open_file(const struct args *a, const char *name, FILE **out)
{
	*out = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
	return *out != NULL ? STATUS_OK
			    : cli_fail(a, "%s: %s", name, strerror(errno));
}

static void
close_file(FILE *f)
{
	if (f != stdin)
		fclose(f);
}

enum status
source_text(const struct args *a, const char *text, struct expr *out)
{
	enum status st = STATUS_OK;
	char *why;

	if (opt_get(a, "atoms") == NULL)
		return expr_compile(a, text, out);
	why = atoms_try(text, out);
	if (why != NULL)
		st = cli_fail(a, "these are no atoms: %s", why);
	free(why);
	return st;
}

/* All of FILE, its comments (from '#' to the end of a line) blank. */
static enum status
read_text(const struct args *a, const char *name, char **out)
{
	FILE *f;
	bool comment = false;
	size_t n;
	int c;
	enum status st = open_file(a, name, &f);
	FILE *text;

	if (st != STATUS_OK)
		return st;
	text = open_memstream(out, &n);
	while (text != NULL && (c = getc(f)) != EOF) {
		comment = c == '#' || (comment && c != '\n');
		fputc(comment ? ' ' : c, text);
	}
	if (text == NULL || ferror(f))
		st = cli_fail(a, "%s: %s", name, strerror(errno));
	if (text != NULL)
		fclose(text);
	close_file(f);
	return st;
}

static enum status
from_file(const struct args *a, const char *name, struct expr *out)
{
	char *text = NULL;
	enum status st = read_text(a, name, &text);

	if (st == STATUS_OK)
		st = source_text(a, text, out);
	free(text);
	return st;
}

static enum status
from_program(const struct args *a, const char *name, struct expr *out)
{
	FILE *f;
	enum status st = open_file(a, name, &f);

	if (st != STATUS_OK)
		return st;
	st = bpf_text_read(a, f, name, out);
	close_file(f);
	return st;
}

enum status
source_compile(const struct args *a, unsigned first, struct expr *out)
{
	const char *file = opt_get(a, "file"), *bpf = opt_get(a, "bpf");
	int given = (a->nwords > first) + (file != NULL) + (bpf != NULL);
	enum status st;
	char *text;

	memset(out, 0, sizeof(*out));
	if (given != 1)
		return cli_misuse(
			a, "expected one of EXPR, -F FILE, --bpf FILE");
	if (bpf != NULL && opt_get(a, "atoms") != NULL)
		return cli_misuse(a, "--atoms does not go with --bpf");
	if (file != NULL)
		return from_file(a, file, out);
	if (bpf != NULL)
		return from_program(a, bpf, out);
	text = words_join(a, first);
	st = source_text(a, text, out);
	free(text);
	return st;
}

enum status
source_lines(const struct args *a, const char *file,
	enum status (*fn)(
		void *arg, size_t line, const char *name, const char *text),
	void *arg)
{
	FILE *f;
	char *line = NULL, *eq;
	size_t room = 0, number = 0;
	enum status st = open_file(a, file, &f);

	if (st != STATUS_OK)
		return st;
	while (st == STATUS_OK && getline(&line, &room, f) >= 0) {
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		if (line[strspn(line, " \t")] == '\0' || line[0] == '#')
			continue;
		eq = strchr(line, '=');
		if (eq == NULL || eq == line) {
			st = cli_fail(
				a, "%s:%zu: expected NAME=EXPR", file, number);
		} else {
			*eq = '\0';
			st = fn(arg, number, line, eq + 1);
		}
	}
	free(line);
	close_file(f);
	return st;
}
