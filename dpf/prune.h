/*
 * prune.h - the graph that pruning leaves (private to dpf).
 *
 * Made by prune.c, written as a blob by write.c.
 */
#ifndef DPF_PRUNE_H
#define DPF_PRUNE_H

#include "dpf/graph.h"

struct pruned {
	struct pruned *next; /* of the same hash */
	struct pruned
		*older; /* made before this one: never an ancestor of it */
	struct pruned *yes, *no;
	struct lit lit;
	uint32_t serial;
	uint32_t number; /* in the blob, plus one; 0: not (yet) wanted */
};

struct pruned_graph {
	struct pruned *root;
	struct pruned *newest;
	struct pruned accept, reject; /* the two ends */
	struct pruned **table;
	uint32_t serial;
};

/* Prune G below ROOT.  Returns SP_OK or SP_ENOMEM. */
int dpf_prune(
	struct graph *g, uint32_t root, struct pruned_graph *out) SP_MUST_CHECK;

#endif /* DPF_PRUNE_H */
