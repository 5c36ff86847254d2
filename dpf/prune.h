/*
 * prune.h - the graph that pruning leaves (private to dpf).
 *
 * Walked into being by prune.c out of nodes made by node.c, written as a blob
 * by write.c.
 */
#ifndef DPF_PRUNE_H
#define DPF_PRUNE_H

#include "dpf/graph.h"

struct pruned {
	struct pruned *next; /* of the same hash */
	struct pruned *yes, *no;
	struct lit lit;
	uint32_t serial;
	/* for write.c */
	uint8_t visits;
	uint32_t number;
	struct pruned *up, *after;
};

struct pruned_graph {
	struct graph *g; /* lends memory and bases */
	struct pruned *root;
	struct pruned *first;         /* in the blob */
	struct pruned accept, reject; /* the two ends */
	struct pruned **table;
	uint32_t serial;
};

uint32_t dpf_hash_words(const void *words, size_t bytes, uint32_t hash);

/* Returns SP_OK or SP_ENOMEM. */
int dpf_pruned_init(struct pruned_graph *p, struct graph *g) SP_MUST_CHECK;

/*
 * The node that goes to YES or NO by test T, whose load is known to succeed or
 * whose failure is for the caller to see to.  NULL: no memory.
 */
struct pruned *dpf_pruned_test(struct pruned_graph *p, const struct lit *t,
	struct pruned *yes, struct pruned *no);

/* The node that demands the load of T before CHILD.  NULL: no memory. */
struct pruned *dpf_pruned_bounds(
	struct pruned_graph *p, const struct lit *t, struct pruned *child);

/* Prune G below ROOT.  Returns SP_OK or SP_ENOMEM. */
int dpf_prune(
	struct graph *g, uint32_t root, struct pruned_graph *out) SP_MUST_CHECK;

#endif /* DPF_PRUNE_H */
