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

#endif /* DPF_WITNESS_H */
