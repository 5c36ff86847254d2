/*
 * merged.h - many filters as one classifier: its trie and its code, to look at.
 *
 * Made on the host from the filters that are bound, as the kernel makes its own.
 * Hash functions and addresses differ there, since the kernel draws them by lot.
 */
#ifndef TOOLS_MERGED_H
#define TOOLS_MERGED_H

#include "code.h"

struct merged_set;

/* One filter of the set; NAME is for people. */
struct merged_entry {
	const struct dpf_filter *filter;
	uint32_t id, rank;
	const char *name;
};

/* ENTRIES must stay until it is released; prints the reason when it fails. */
enum status merged_make(const struct args *a, enum dpf_set_kind kind,
	const struct merged_entry *entries, size_t n, struct merged_set **out);
void merged_release(struct merged_set *m);

/* The code: address, word, instruction, and what it serves and decides. */
enum status merged_print_code(
	const struct args *a, struct merged_set *m, FILE *out);

/* The trie, a line a piece; or as nodes of a graph for graphviz, their names
 * begun with PREFIX. */
void merged_print_trie(const struct merged_set *m, FILE *out);
void merged_print_dot(
	const struct merged_set *m, const char *prefix, FILE *out);

/* Bytes of code, and the most instructions of a call (0: no bound is known). */
size_t merged_bytes(const struct merged_set *m);
uint32_t merged_worst(const struct merged_set *m);

#endif /* TOOLS_MERGED_H */
