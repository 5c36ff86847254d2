/*
 * expr.h - filters as people write them: pcap expressions, and atoms as text.
 */
#ifndef TOOLS_EXPR_H
#define TOOLS_EXPR_H

#include "cli.h"
#include "dpf/dpf.h"

#include <pcap/pcap.h>

struct expr {
	char *text; /* the pcap expression; NULL when it was none */
	void *blob; /* dpf.h's stored form */
	size_t bytes;
	struct dpf_filter filter; /* a view into blob */
	struct bpf_program prog;  /* not optimised; may be empty */
	const char *residual_why; /* what atoms could not say, if anything */
};

/*
 * expr_compile - TEXT to a filter, exactly what libpcap means by it.
 *
 * Returns STATUS_OK or prints why not.  Release what was compiled.
 */
enum status expr_compile(
	const struct args *a, const char *text, struct expr *out);

/* The same without a word: NULL, or the reason, which is to be freed. */
char *expr_try(const char *text, struct expr *out);

/* A classic BPF program, which is copied; if refused, *PC is the instruction. */
char *expr_try_program(
	const struct bpf_insn *insns, size_t n, struct expr *out, size_t *pc);

/* The same from a stored blob, which OUT owns from then on. */
enum status expr_from_blob(const struct args *a, const char *name, void *blob,
	size_t bytes, struct expr *out);
void expr_release(struct expr *e);

/* How A's frames lie to B's: enum dpf_relation, or a negative code. */
int expr_relate(const struct dpf_filter *a, const struct dpf_filter *b,
	struct dpf_example *ex);

/* How many (at most MAX) conjunctions filter_text() prints. */
unsigned filter_paths(const struct dpf_filter *f, unsigned max);

/*
 * Print one line an accepting path, e.g.
 *	(12:16 == 0x800) && (23:8 == 17) && (shift((14:8 & 0xf) << 2)+16:16 == 7)
 * BYTES:BITS is a field at a byte offset, shift() moves the origin.  After
 * LIMIT lines it says how many tests the whole graph has.  atoms.h reads it.
 */
void filter_print_atoms(const struct dpf_filter *f, unsigned limit, FILE *out);

/* Print one line a node: index, test, where yes and no lead. */
void filter_print_graph(const struct dpf_filter *f, FILE *out);
void filter_print_dot(const struct dpf_filter *f, const char *name, FILE *out);

/* The atoms as one text, paths joined by " || "; free it. */
char *filter_text(const struct dpf_filter *f, unsigned limit);

/* The field of a test as text; OUT gets at most ROOM bytes. */
void filter_field_text(const struct dpf_filter *f, const struct dpf_node *n,
	char *out, size_t room);

/* "disjoint", "equal"... */
const char *relation_name(uint32_t relation);

/* Print N bytes as hex without blanks. */
void print_hex(const uint8_t *p, size_t n, FILE *out);

#endif /* TOOLS_EXPR_H */
