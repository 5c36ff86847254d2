/*
 * witness.h - build a frame for which a list of literals holds (private to
 * dpf).
 */
#ifndef DPF_WITNESS_H
#define DPF_WITNESS_H

#include "dpf/facts.h"

struct witness {
	size_t len; /* captured, and on the wire */
	uint8_t frame[DPF_MAX_FRAME];
	uint8_t fixed[DPF_MAX_FRAME]; /* bits that an EQ demands */
	uint32_t at[FACT_MOVES];      /* where each base lies */
	uint32_t used;                /* bit I: base I + 1 is needed */
};

/* How many choices of variable offsets are worth a try. */
enum { WITNESS_TRIES = 20 };

/*
 * dpf_witness_build - try number TRY to make a frame of the facts F.
 *
 * True when no contradiction was met.  That proves nothing: fields at variable
 * offsets may overlap, so the caller runs the frame through its filters.
 */
bool dpf_witness_build(struct witness *w, struct facts *f, unsigned try);

/* WIDTH bytes at P as a number. */
uint32_t dpf_field_get(const uint8_t *p, unsigned width);
void dpf_field_put(uint8_t *p, unsigned width, uint32_t v);

/* Is the frame what is looked for? */
typedef bool witness_test(const struct witness *w, void *arg);

/*
 * dpf_witness_steer - change the frame until TEST says it is right.
 *
 * Looks at what the residual of F compares and puts values into fields it has
 * loaded that make the comparisons come out otherwise; bits that must have a
 * value keep it.  *STEPS bounds the work.  False: the frame is what it was.
 */
bool dpf_witness_steer(struct witness *w, const struct dpf_filter *f,
	witness_test *test, void *arg, uint32_t *steps);

#endif /* DPF_WITNESS_H */
