/*
 * rank.h - numbers for who beats whom; for order.c only.
 *
 * Of two bindings that accept the same frame one beats the other and has the
 * higher rank.  Each such pair is an edge.
 */
#ifndef KERNEL_CORE_RANK_H
#define KERNEL_CORE_RANK_H

#include "kernel/core/bind_table.h"

/* WINNER beats LOSER; in a list of each. */
struct bind_edge {
	struct bind_edge
		*next[2]; /* whom the winner beats, who beats the loser */
	struct bind_edge **where[2]; /* what points here */
	uint16_t winner, loser;
};

enum { EDGE_BEATS, EDGE_BEATEN };

/* The new one will be SLOT. */
void rank_begin(uint32_t slot);
/* It beats AT, or is beaten by AT. */
void rank_beats(uint32_t at);
void rank_beaten(uint32_t at);

/*
 * A rank for the new one, between those it beats and those that beat it; others
 * get new ranks only when there is none.  Returns it, or SP_EUNDECIDED (they
 * would beat each other in a circle), SP_ENOMEM.
 */
int rank_find(void) SP_MUST_CHECK;

#endif /* KERNEL_CORE_RANK_H */
