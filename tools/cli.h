/*
 * cli.h - what a command is, how its words are parsed, how it answers.
 *
 * One table entry a command (commands.h) gives parsing, --help and the error
 * prefix.  Every error is one line, "spindle: GROUP VERB: reason".
 */
#ifndef TOOLS_CLI_H
#define TOOLS_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What the process ends with. */
enum status { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct option {
	const char *name; /* without the dashes; NULL ends a table */
	char letter;      /* short form, or 0 */
	const char *arg;  /* name of its value in the help; NULL: a flag */
	const char *help;
};

struct args;

struct command {
	const char *group, *verb; /* VERB NULL: the group is the command */
	const char *words;        /* of the usage line, after the name */
	unsigned min_words, max_words;
	const char *what;             /* one line */
	const struct option *options; /* besides --json --name --help */
	const char *example;
	enum status (*run)(const struct args *);
};

enum { CLI_MAX_OPTIONS = 32, CLI_NO_LIMIT = 4096 };

/* A parsed command line. */
struct args {
	const struct command *cmd;
	struct {
		const struct option *option;
		const char *value; /* "" for a flag */
	} given[CLI_MAX_OPTIONS];
	size_t ngiven;
	const char **words; /* positional arguments */
	unsigned nwords;
	bool json, help;
	const char *name; /* of the machine */
};

/*
 * cli_parse - sort ARGV into OUT; prints the reason when it cannot.
 *
 * OUT->words is allocated and lives as long as the process.
 */
enum status cli_parse(
	const struct command *cmd, int argc, char **argv, struct args *out);
void cli_help(const struct command *cmd, FILE *out);

/* The last value of --NAME; NULL when it was not given. */
const char *opt_get(const struct args *a, const char *name);

/* The INDEXth value of --NAME, or NULL. */
const char *opt_nth(const struct args *a, const char *name, size_t index);

/* --NAME as a number MIN..MAX into OUT, which is left alone when it was not
 * given.  Prints and returns STATUS_USAGE when it is none. */
enum status opt_number(const struct args *a, const char *name, uint64_t min,
	uint64_t max, uint64_t *out);

/* The same for a positional word or part of one, called WHAT in the message. */
enum status word_number(const struct args *a, const char *what,
	const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Words FIRST.. joined with blanks; free it. */
char *words_join(const struct args *a, unsigned first);

/* Can TEXT be a name in the machine? */
bool name_is_valid(const char *text);

/* TEXT is a name of a binding, handler or application? Prints if not. */
enum status word_name(const struct args *a, const char *what, const char *text);

enum status cli_fail(const struct args *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
enum status cli_misuse(const struct args *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Print ROOT as one line and release it. */
enum status cli_json(json_t *root);

/* malloc that ends the process instead of failing. */
void *xalloc(size_t bytes);
char *xformat(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Milliseconds and microseconds of the monotonic clock. */
uint64_t now_ms(void);
double now_us(void);
void sleep_ms(unsigned ms);

#endif /* TOOLS_CLI_H */
