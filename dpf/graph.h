/*
 * graph.h - a decision graph under construction (private to dpf).
 *
 * The lift and the mirror build a graph as it comes; dpf_graph_finish()
 * (prune.c) removes what cannot happen or is said twice and writes the blob.
 */
#ifndef DPF_GRAPH_H
#define DPF_GRAPH_H

#include "dpf/facts.h"

/* Memory handed out from the low end up; nothing is given back. */
struct bump {
	uint8_t *at;
	size_t left;
};

void dpf_bump_init(struct bump *a, void *mem, size_t bytes);
/* Zeroed memory for COUNT objects of SIZE bytes, or NULL. */
void *dpf_bump_take(struct bump *a, size_t count, size_t size);

/* A masked field that some test looks at. */
struct graph_key {
	struct graph_key *next;
	uint8_t base, width;
	uint16_t off;
	uint32_t mask;
	uint32_t last; /* the last node that tests it */
};

/* A test; each occurs once, however many nodes use it. */
struct graph_test {
	struct graph_test *next; /* of the same hash */
	struct graph_key *key;
	struct lit lit;
	uint32_t last; /* the last node that is this test */
};

/* NEED bytes behind BASE, which the load of some test demands. */
struct graph_need {
	struct graph_need *next;
	uint8_t base;
	uint32_t need;
	uint32_t last;
};

#define GRAPH_REJECT 0xfffffffeu
#define GRAPH_ACCEPT 0xffffffffu

struct graph_node {
	struct graph_test *test; /* NULL: may come out either way */
	uint32_t yes, no;        /* nodes, GRAPH_REJECT or GRAPH_ACCEPT */
};

struct graph {
	struct bump mem;
	struct graph_node *top; /* node I is top[-1 - I]: they grow downwards */
	uint32_t nnodes;
	struct dpf_base bases[FACT_BASES]; /* unused ones are zero */
	unsigned nbases;
	struct graph_test **tests; /* hash table */
	uint32_t tests_mask;
	struct graph_key *keys;
	struct graph_need *needs;
};

/* Returns SP_OK or SP_ENOMEM. */
int dpf_graph_init(struct graph *g, void *scratch, size_t bytes) SP_MUST_CHECK;

static inline struct graph_node *
dpf_graph_at(const struct graph *g, uint32_t node)
{
	return g->top - 1 - node;
}

/* The number (1..) of base B, which is added if it is new; SP_ENOMEM when there
 * are too many. */
int dpf_graph_base(struct graph *g, const struct dpf_base *b) SP_MUST_CHECK;

/* A new node, or NULL: no memory.  T is NULL for a test that no graph can make;
 * such a node must be out of reach when the graph is finished. */
struct graph_node *dpf_graph_add(
	struct graph *g, const struct lit *t, uint32_t yes, uint32_t no);

/* The number of the node that was added last. */
static inline uint32_t
dpf_graph_newest(const struct graph *g)
{
	return g->nnodes - 1;
}

/* The test T if some node uses it, else NULL. */
const struct graph_test *dpf_graph_find(
	const struct graph *g, const struct lit *t);

/* Make the node added first the last one. */
void dpf_graph_reverse(struct graph *g);

/*
 * dpf_graph_finish - prune the graph below ROOT and write it as a blob.
 *
 * Every edge must lead to a larger node.  Returns the bytes written to OUT or
 * SP_ENOMEM.
 */
int dpf_graph_finish(
	struct graph *g, uint32_t root, void *out, size_t room) SP_MUST_CHECK;

#endif /* DPF_GRAPH_H */
