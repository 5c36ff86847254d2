/*
 * facts.h - what a path through a filter says about a frame (private to dpf).
 *
 * A path is a list of literals.  The lift prunes with them (prune.c), the
 * relation proves with them (relate.c) and builds frames of them (witness.c).
 */
#ifndef DPF_FACTS_H
#define DPF_FACTS_H

#include "dpf/dpf.h"

/*
 * A test has the operator LIT_EQ or LIT_GT; the others are what a failed test
 * leaves behind.  A mask of 0 speaks about bounds alone: EQ says that the bytes
 * are in the frame, NE that they are not.  Every other literal implies that
 * its bytes are.
 */
enum lit_op { LIT_EQ, LIT_GT, LIT_NE, LIT_LE };
_Static_assert(
	LIT_EQ == (int)DPF_EQ && LIT_GT == (int)DPF_GT, "a test is a literal");

struct lit {
	uint8_t op;
	uint8_t base;
	uint8_t width;
	uint8_t zero;
	uint16_t off;
	uint16_t zero2;
	uint32_t mask; /* no bit outside WIDTH bytes */
	uint32_t value;
};

enum verdict { FACT_NO, FACT_YES, FACT_OPEN };

/* More than DPF_MAX_BASES because a relation knows those of two filters. */
enum { FACT_BASES = 2 * DPF_MAX_BASES, FACT_MOVES = FACT_BASES + 1 };

/*
 * A list of literals that only grows at its end, so that a search can take
 * back what it assumed by calling dpf_facts_cut().
 */
struct facts {
	const struct dpf_base *bases;
	struct lit *lit;
	size_t n, room;
	uint32_t steps; /* comparisons left; at 0 verdicts are all FACT_OPEN */
	/*
	 * Where base I lies from its origin, for bases whose field is known.
	 * SINCE is the number of literals it took to know, 0 while unknown.
	 */
	struct {
		uint32_t by;
		size_t since;
	} move[FACT_MOVES];
};

/* All bits of a field of WIDTH bytes. */
static inline uint32_t
dpf_width_mask(unsigned width)
{
	return 0xffffffffu >> (32 - 8 * width);
}

/* V shifted left by S, right when S is negative; -31..31. */
static inline uint32_t
dpf_shift(uint32_t v, int s)
{
	return s < 0 ? v >> -s : v << s;
}

/* The least V, of those without a bit outside MASK, that is >= V (V <= MASK). */
uint32_t dpf_mask_ceil(uint32_t v, uint32_t mask);
/* The largest that is <= V. */
uint32_t dpf_mask_floor(uint32_t v, uint32_t mask);

/*
 * dpf_narrow - move (*OFF, *WIDTH) to the narrowest field that holds MASK.
 *
 * Returns by how many bits the field's value moves right; *MASK has moved.
 * The narrow field never reaches past the old one, but may end before it.
 */
unsigned dpf_narrow(uint16_t *off, uint8_t *width, uint32_t *mask);

/* The literal that says that NEED bytes behind BASE are in the frame. */
struct lit dpf_lit_fit(unsigned base, uint32_t need);

/* The test of a node: a literal with the mask cut to the width.  Returns false
 * when no value of the field can pass. */
bool dpf_lit_from_node(const struct dpf_node *n, struct lit *out);

/* How many bytes behind BASE are in the frame if T's load succeeds; 0 when it
 * says nothing. */
uint32_t dpf_lit_reach(
	const struct dpf_base *bases, const struct lit *t, unsigned base);

void dpf_facts_init(struct facts *f, const struct dpf_base *bases,
	struct lit *lit, size_t room, uint32_t steps);

/* Is it known that NEED bytes behind BASE are (YES), are not (NO) there? */
enum verdict dpf_facts_fit(struct facts *f, unsigned base, uint32_t need);

/* What do the facts say about test T, provided that its load succeeds? */
enum verdict dpf_facts_decide(struct facts *f, const struct lit *t);

/*
 * dpf_facts_learn - add that T, which was open, came out as YES.
 *
 * Returns SP_OK or SP_ENOMEM.
 */
int dpf_facts_learn(
	struct facts *f, const struct lit *t, bool yes) SP_MUST_CHECK;

/* Forget all but the first N literals. */
void dpf_facts_cut(struct facts *f, size_t n);

/* Where T's field really lies, base fields that are known being applied. */
void dpf_facts_place(const struct facts *f, const struct lit *t, unsigned *base,
	uint32_t *off);

/* The range of the masked field of T, as far as it is known. */
void dpf_facts_range(
	struct facts *f, const struct lit *t, uint32_t *lo, uint32_t *hi);

#endif /* DPF_FACTS_H */
