/*
 * code.h - filters as the MIPS code that runs for them.
 */
#ifndef TOOLS_CODE_H
#define TOOLS_CODE_H

#include "cli.h"
#include "dpf/dpf.h"

enum { CODE_BASE = 0x80000000u };

/* Generated code, for address CODE_BASE. */
struct code {
	uint32_t *words;
	size_t n;
};

/* One filter of a set. */
struct code_entry {
	const struct dpf_filter *filter;
	uint32_t id, rank;
};

/* code_compile - merge and compile; prints the reason when that fails. */
enum status code_compile(const struct args *a, enum dpf_set_kind kind,
	const struct code_entry *entries, size_t n, struct code *out);
enum status code_compile_one(
	const struct args *a, const struct dpf_filter *f, struct code *out);
void code_release(struct code *c);

/* The most instructions that one call of code for CODE_BASE can execute; 0: no
 * bound is known, or too large a one. */
uint32_t code_worst(const uint32_t *words, size_t n);

/* Print words with addresses, encodings and disassembly. */
void code_dump(const uint32_t *words, size_t n, uint32_t address, FILE *out);

#endif /* TOOLS_CODE_H */
