/*
 * bpf_text.h - classic BPF programs as text, as tcpdump writes them.
 *
 * -ddd: a line with the number of instructions, then CODE JT JF K on a line
 * each, decimal.  -dd: a C initializer { CODE, JT, JF, K }, on a line each.
 * Blank lines and lines that begin with '#' are skipped.
 */
#ifndef TOOLS_BPF_TEXT_H
#define TOOLS_BPF_TEXT_H

#include "expr.h"

/* The program in IN, which is called NAME; prints what is wrong in which line. */
enum status bpf_text_read(
	const struct args *a, FILE *in, const char *name, struct expr *out);

/* Print a program in the form of -ddd. */
void bpf_text_print(const struct bpf_insn *insns, size_t n, FILE *out);

#endif /* TOOLS_BPF_TEXT_H */
