/*
 * lift.h - a lift at work: cbpf.c keeps the runs, exec.c takes them (private to
 * dpf).
 */
#ifndef DPF_LIFT_H
#define DPF_LIFT_H

#include "dpf/bpf.h"
#include "dpf/sym.h"

/* A symbolic value, held once: equal values are equal pointers. */
struct held {
	struct held *next; /* of the same hash */
	struct sym sym;
};

struct run {
	struct run *next;    /* of the same hash */
	struct run *sibling; /* at the same instruction */
	uint32_t id;
	uint32_t pc;
	uint32_t entry; /* where its part of the graph begins */
	const struct held *regs[BPF_REGS]; /* NULL: dead, or never written */
};

/* In an edge: the rest is a run's id.  The ends of graph.h are larger. */
#define TO_RUN 0x80000000u

struct lift {
	struct graph g;
	const struct dpf_bpf *prog;
	size_t n;
	uint32_t *live;
	struct run **at; /* the runs at each instruction */
	struct run **runs;
	struct held **held;
	uint32_t hash_mask, nruns;
	struct dpf_why *why;
	struct dpf_why lost; /* the first value that is not known */
	bool residual;       /* the graph accepts more than the program */
	/* the run in hand */
	const struct held *regs[BPF_REGS];
	uint32_t *link; /* the edge that leads to what comes next */
	uint32_t pc;
};

int dpf_lift_no_memory(struct lift *l);

/* What the instruction in hand computes or decides cannot be said, for the
 * reason TEXT. */
void dpf_lift_lose(struct lift *l, const char *text);

/* The edge to instruction PC with the registers as they are. */
int dpf_lift_edge(struct lift *l, uint32_t pc, uint32_t *edge) SP_MUST_CHECK;

int dpf_lift_set(
	struct lift *l, unsigned reg, const struct sym *s) SP_MUST_CHECK;

/* Take run R from its instruction to the next jump or end.  Returns SP_OK or
 * what dpf_lift() returns. */
int dpf_lift_run(struct lift *l, struct run *r) SP_MUST_CHECK;

#endif /* DPF_LIFT_H */
