/*
 * dpf_build.h - write filters as tables of nodes, for tests.
 */
#ifndef TESTS_UNIT_DPF_BUILD_H
#define TESTS_UNIT_DPF_BUILD_H

#include "dpf/dpf.h"

#include <string.h>

enum { BUILD_NODES = 16, BUILD_BASES = 4 };

/* A blob with room for a few bases and nodes; in the stored form once closed. */
struct build {
	struct dpf_blob head;
	union {
		struct dpf_base base[BUILD_BASES];
		struct dpf_node node[BUILD_NODES + BUILD_BASES];
	} u;
};

static inline void
build_open(struct build *b)
{
	memset(b, 0, sizeof(*b));
	b->head.magic = DPF_MAGIC;
}

static inline struct dpf_base *
build_base(struct build *b, unsigned from, unsigned off, unsigned width,
	uint32_t mask, int shift)
{
	struct dpf_base *base = &b->u.base[b->head.nbases++];

	memset(base, 0, sizeof(*base));
	base->from = (uint8_t)from;
	base->off = (uint16_t)off;
	base->width = (uint8_t)width;
	base->mask = mask;
	base->shift = (int8_t)shift;
	return base;
}

static inline struct dpf_node *
build_at(struct build *b, unsigned node)
{
	struct dpf_base *nodes = b->u.base + b->head.nbases;

	return (struct dpf_node *)(void *)nodes + node;
}

/* Nodes come after all bases. */
static inline struct dpf_node *
build_node(struct build *b, unsigned op, unsigned base, unsigned off,
	unsigned width, uint32_t mask, uint32_t value, unsigned yes,
	unsigned no)
{
	struct dpf_node *n = build_at(b, b->head.nnodes++);

	memset(n, 0, sizeof(*n));
	n->op = (uint8_t)op;
	n->base = (uint8_t)base;
	n->off = (uint16_t)off;
	n->width = (uint8_t)width;
	n->mask = mask;
	n->value = value;
	n->yes = (uint16_t)yes;
	n->no = (uint16_t)no;
	return n;
}

static inline size_t
build_bytes(const struct build *b)
{
	return sizeof(b->head) + b->head.nbases * sizeof(struct dpf_base) +
	       b->head.nnodes * sizeof(struct dpf_node);
}

/* An atom that must hold, else the frame is rejected; the last one accepts. */
static inline void
build_atom(struct build *b, unsigned base, unsigned off, unsigned width,
	uint32_t mask, uint32_t value)
{
	unsigned last = b->head.nnodes;

	build_node(b, DPF_EQ, base, off, width, mask, value, DPF_ACCEPT,
		DPF_REJECT);
	if (last > 0)
		build_at(b, last - 1)->yes = (uint16_t)last;
}

#endif /* TESTS_UNIT_DPF_BUILD_H */
