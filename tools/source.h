/*
 * source.h - where a command's filter comes from: words, a file, a program.
 */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include "expr.h"

/* Rows of a command's table of options. */
#define SOURCE_OPTIONS                                                         \
	{ "file", 'F', "FILE",                                                 \
		"the expression is in FILE (-: standard input)" },             \
		{ "bpf", 0, "FILE",                                            \
			"... a classic BPF program, tcpdump -ddd or -dd" },    \
	{                                                                      \
		"atoms", 0, NULL,                                              \
			"it is written as atoms, as check prints them"         \
	}

/* The filter that the words from FIRST on, or those options, say. */
enum status source_compile(
	const struct args *a, unsigned first, struct expr *out);

/* TEXT as a pcap expression, or as atoms with --atoms; prints why not. */
enum status source_text(
	const struct args *a, const char *text, struct expr *out);

/* Call FN for each NAME=EXPR line of FILE ("-": standard input); blank lines and
 * those that begin with '#' are skipped.  Ends when FN does not return OK. */
enum status source_lines(const struct args *a, const char *file,
	enum status (*fn)(
		void *arg, size_t line, const char *name, const char *text),
	void *arg);

#endif /* TOOLS_SOURCE_H */
