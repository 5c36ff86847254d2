/*
 * sym.h - what a register of a classic BPF program can hold, symbolically
 * (private to dpf).
 */
#ifndef DPF_SYM_H
#define DPF_SYM_H

#include "dpf/graph.h"

enum sym_kind {
	SYM_NUM,   /* add */
	SYM_FIELD, /* ((field & mask) << shift) + add; DPF_BASE_LEN: the length */
	SYM_PLACE,   /* where BASE lies in the frame, + add */
	SYM_UNKNOWN, /* what the others cannot say */
};

struct sym {
	uint8_t kind;
	uint8_t base;
	uint8_t width;
	int8_t shift; /* right when negative; never loses a bit of mask */
	uint16_t off;
	uint16_t zero;
	uint32_t mask; /* not 0 */
	uint32_t add;  /* modulo 2^32, as all arithmetic */
};

/* A comparison: decided, or a test, or the opposite of a test. */
struct sym_atom {
	enum verdict known;
	bool opposite;
	struct lit test;
};

/* FIRST chooses between HIGH and LOW, which is how a sum that may wrap is
 * compared. */
struct sym_cmp {
	struct sym_atom first, high, low;
};

/* Where an indexed load reads; GUARD must hold, or the load fails. */
struct sym_index {
	struct sym_atom guard;
	unsigned base;
	uint32_t off;
};

/* Positive: the program ends here and rejects the frame. */
enum { SYM_REJECTS = 1 };

struct sym dpf_sym_num(uint32_t value);
struct sym dpf_sym_unknown(void);
struct sym dpf_sym_field(unsigned base, uint32_t off, unsigned width);

/*
 * dpf_sym_alu - *A = *A OP X.
 *
 * Returns SP_OK, SYM_REJECTS (division by 0), SP_ENOMEM (too many bases) or
 * SP_EUNSUPPORTED; then *WHY is set.  Neither may be unknown, nor below.
 */
int dpf_sym_alu(struct graph *g, unsigned op, struct sym *a,
	const struct sym *x, const char **why) SP_MUST_CHECK;

/* dpf_sym_compare - A OP X, OP being a jump's.  Returns SP_OK or
 * SP_EUNSUPPORTED; then *WHY is set. */
int dpf_sym_compare(unsigned op, const struct sym *a, const struct sym *x,
	struct sym_cmp *out, const char **why) SP_MUST_CHECK;

/* dpf_sym_index - the place X + K.  Returns as dpf_sym_alu(). */
int dpf_sym_index(struct graph *g, const struct sym *x, uint32_t k,
	struct sym_index *out, const char **why) SP_MUST_CHECK;

#endif /* DPF_SYM_H */
