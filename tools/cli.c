/*
 * cli.c - parse a command's words and options, print its help and its errors.
 *
 * Options may stand anywhere; `--` ends them.  The tables are in the cmd_*.c
 * files, the list of commands in main.c.
 */
#include "cli.h"

#include <spindle/abi.h>

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct option common[] = {
	{ "json", 0, NULL, "print facts as JSON" },
	{ "name", 0, "N", "which machine (default: default)" },
	{ "help", 'h', NULL, "this text" },
	{ NULL, 0, NULL, NULL },
};

static const struct option none[] = { { NULL, 0, NULL, NULL } };

static const struct option *
own_options(const struct command *cmd)
{
	return cmd->options != NULL ? cmd->options : none;
}

static void
print_prefix(const struct command *cmd)
{
	fflush(stdout);
	fputs("spindle: ", stderr);
	if (cmd == NULL)
		return;
	fputs(cmd->group, stderr);
	if (cmd->verb != NULL)
		fprintf(stderr, " %s", cmd->verb);
	fputs(": ", stderr);
}

enum status
cli_fail(const struct args *a, const char *fmt, ...)
{
	va_list ap;

	print_prefix(a->cmd);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return STATUS_FAILED;
}

enum status
cli_misuse(const struct args *a, const char *fmt, ...)
{
	va_list ap;

	print_prefix(a->cmd);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (see spindle %s%s%s --help)\n", a->cmd->group,
		a->cmd->verb != NULL ? " " : "",
		a->cmd->verb != NULL ? a->cmd->verb : "");
	return STATUS_USAGE;
}

static const struct option *
find_long(const struct option *table, const char *text, size_t len)
{
	for (; table->name != NULL; table++) {
		if (strlen(table->name) == len &&
			memcmp(table->name, text, len) == 0)
			return table;
	}
	return NULL;
}

static const struct option *
find_short(const struct option *table, char letter)
{
	for (; table->name != NULL; table++) {
		if (table->letter == letter)
			return table;
	}
	return NULL;
}

/* The option that WORD names; *VALUE is what follows in the same word. */
static const struct option *
find_option(const struct command *cmd, const char *word, const char **value)
{
	const struct option *o;
	size_t len;

	*value = NULL;
	if (word[1] == '-') {
		word += 2;
		len = strcspn(word, "=");
		if (word[len] == '=')
			*value = word + len + 1;
		o = find_long(own_options(cmd), word, len);
		return o != NULL ? o : find_long(common, word, len);
	}
	if (word[2] != '\0')
		*value = word + 2;
	o = find_short(own_options(cmd), word[1]);
	return o != NULL ? o : find_short(common, word[1]);
}

static void
take_option(struct args *out, const struct option *o, const char *value)
{
	if (strcmp(o->name, "json") == 0)
		out->json = true;
	if (strcmp(o->name, "help") == 0)
		out->help = true;
	if (strcmp(o->name, "name") == 0)
		out->name = value;
	out->given[out->ngiven].option = o;
	out->given[out->ngiven].value = value;
	out->ngiven++;
}

/* Parse the option in argv[*I], advancing *I past a value in its own word. */
static enum status
parse_option(struct args *out, int argc, char **argv, int *i)
{
	const char *value;
	const struct option *o = find_option(out->cmd, argv[*i], &value);

	if (o == NULL)
		return cli_misuse(out, "unknown option %s", argv[*i]);
	if (o->arg == NULL && value != NULL)
		return cli_misuse(out, "%s takes no value", argv[*i]);
	if (o->arg != NULL && value == NULL) {
		if (*i + 1 >= argc)
			return cli_misuse(
				out, "%s needs a value, %s", argv[*i], o->arg);
		value = argv[++*i];
	}
	if (out->ngiven == CLI_MAX_OPTIONS)
		return cli_misuse(out, "too many options");
	take_option(out, o, value != NULL ? value : "");
	return STATUS_OK;
}

enum status
cli_parse(const struct command *cmd, int argc, char **argv, struct args *out)
{
	bool ended = false;
	enum status st;

	memset(out, 0, sizeof(*out));
	out->cmd = cmd;
	out->name = "default";
	out->words = xalloc(((size_t)argc + 1) * sizeof(*out->words));
	for (int i = 0; i < argc; i++) {
		if (!ended && strcmp(argv[i], "--") == 0) {
			ended = true;
		} else if (!ended && argv[i][0] == '-' && argv[i][1] != '\0') {
			st = parse_option(out, argc, argv, &i);
			if (st != STATUS_OK)
				return st;
		} else {
			out->words[out->nwords++] = argv[i];
		}
	}
	if (out->help)
		return STATUS_OK;
	if (out->nwords < cmd->min_words)
		return cli_misuse(
			out, "too few words, expected %s", cmd->words);
	if (out->nwords > cmd->max_words)
		return cli_misuse(out, "unexpected word '%s'",
			out->words[cmd->max_words]);
	return word_name(out, "machine", out->name);
}

static void
help_options(const struct option *table, FILE *out)
{
	char left[48];

	for (; table->name != NULL; table++) {
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s",
			table->letter ? '-' : ' ',
			table->letter ? table->letter : ' ',
			table->letter ? ',' : ' ', table->name,
			table->arg != NULL ? " " : "",
			table->arg != NULL ? table->arg : "");
		fprintf(out, "  %-26s %s\n", left, table->help);
	}
}

void
cli_help(const struct command *cmd, FILE *out)
{
	fprintf(out, "usage: spindle %s%s%s%s%s [options]\n\n%s\n\n",
		cmd->group, cmd->verb != NULL ? " " : "",
		cmd->verb != NULL ? cmd->verb : "",
		cmd->words[0] != '\0' ? " " : "", cmd->words, cmd->what);
	help_options(own_options(cmd), out);
	help_options(common, out);
	fprintf(out, "\nexample:\n  %s\n", cmd->example);
}

const char *
opt_nth(const struct args *a, const char *name, size_t index)
{
	for (size_t i = 0; i < a->ngiven; i++) {
		if (strcmp(a->given[i].option->name, name) == 0 && index-- == 0)
			return a->given[i].value;
	}
	return NULL;
}

const char *
opt_get(const struct args *a, const char *name)
{
	const char *last = NULL, *next;

	for (size_t i = 0; (next = opt_nth(a, name, i)) != NULL; i++)
		last = next;
	return last;
}

enum status
word_number(const struct args *a, const char *what, const char *text,
	uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 ||
		v < min || v > max)
		return cli_misuse(a, "%s must be a number %llu..%llu, not '%s'",
			what, (unsigned long long)min, (unsigned long long)max,
			text);
	*out = v;
	return STATUS_OK;
}

enum status
opt_number(const struct args *a, const char *name, uint64_t min, uint64_t max,
	uint64_t *out)
{
	const char *text = opt_get(a, name);
	char what[40];

	if (text == NULL)
		return STATUS_OK;
	snprintf(what, sizeof(what), "--%s", name);
	return word_number(a, what, text, min, max, out);
}

bool
name_is_valid(const char *text)
{
	size_t n = strlen(text);
	bool good = n > 0 && n < SP_NAME && text[0] != '.' && text[0] != '-';

	for (size_t i = 0; i < n; i++)
		good = good && (isalnum((unsigned char)text[i]) ||
				       strchr("._-", text[i]) != NULL);
	return good;
}

enum status
word_name(const struct args *a, const char *what, const char *text)
{
	if (name_is_valid(text))
		return STATUS_OK;
	return cli_misuse(a,
		"'%s' is no name of a%s %s: 1..%d letters, digits, . _ -", text,
		strchr("aeiou", what[0]) != NULL ? "n" : "", what, SP_NAME - 1);
}

char *
words_join(const struct args *a, unsigned first)
{
	size_t bytes = 1;
	char *text;

	for (unsigned i = first; i < a->nwords; i++)
		bytes += strlen(a->words[i]) + 1;
	text = xalloc(bytes);
	text[0] = '\0';
	for (unsigned i = first; i < a->nwords; i++) {
		if (i > first)
			strcat(text, " ");
		strcat(text, a->words[i]);
	}
	return text;
}
