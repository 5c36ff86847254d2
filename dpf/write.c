/*
 * write.c - number the nodes of a pruned graph and write them as a blob.
 *
 * Equal graphs make equal blobs, whatever they were made of.
 */
#include "dpf/prune.h"

/* Which bases does the graph need, and under which number are they written? */
struct renumber {
	uint8_t to[DPF_MAX_BASES + 1];
	unsigned count;
};

static void
want_base(struct renumber *r, const struct graph *g, unsigned base)
{
	while (base != DPF_BASE_LEN && base != DPF_BASE_FRAME &&
		r->to[base] == 0) {
		unsigned b = base;

		/* Origins come first. */
		while (g->bases[b - 1].from != DPF_BASE_FRAME &&
			r->to[g->bases[b - 1].from] == 0)
			b = g->bases[b - 1].from;
		r->to[b] = (uint8_t)++r->count;
	}
}

/*
 * Number what the root leads to; returns how many nodes that are.
 *
 * The order depends on nothing but the graph: a walk puts each node in front of
 * those it has already left, children first.
 */
static uint32_t
number_nodes(
	struct pruned_graph *p, const struct graph *g, struct renumber *bases)
{
	struct pruned *first = NULL, *at = p->root;
	uint32_t count = 0;

	p->accept.visits = p->reject.visits = 3;
	at->up = NULL;
	while (at != NULL && at->visits < 3) {
		struct pruned *child = at->visits == 0 ? at->yes : at->no;

		if (at->visits++ < 2) {
			if (child->visits == 0) {
				child->up = at;
				at = child;
			}
			continue;
		}
		at->after = first;
		first = at;
		at = at->up;
	}
	for (at = first; at != NULL; at = at->after) {
		at->number = count++;
		want_base(bases, g, at->lit.base);
	}
	p->first = first;
	return count;
}

static uint16_t
target(const struct pruned_graph *p, const struct pruned *to)
{
	if (to == &p->accept)
		return DPF_ACCEPT;
	return to == &p->reject ? DPF_REJECT : (uint16_t)to->number;
}

static void
write_bases(const struct graph *g, const struct renumber *bases,
	struct dpf_base *out)
{
	for (unsigned b = 1; b <= g->nbases; b++) {
		if (bases->to[b] == 0)
			continue;
		out[bases->to[b] - 1] = g->bases[b - 1];
		out[bases->to[b] - 1].from = bases->to[g->bases[b - 1].from];
	}
}

static void
write_nodes(const struct pruned_graph *p, const struct renumber *bases,
	struct dpf_node *out)
{
	for (const struct pruned *r = p->first; r != NULL; r = r->after) {
		const struct lit *t = &r->lit;

		__builtin_memset(out, 0, sizeof(*out));
		out->op = t->op;
		out->base =
			t->base == DPF_BASE_LEN ? t->base : bases->to[t->base];
		out->width = t->width;
		out->off = t->off;
		out->yes = target(p, r->yes);
		out->no = target(p, r->no);
		out->mask = t->mask;
		out->value = t->value;
		out++;
	}
}

int
dpf_graph_finish(struct graph *g, uint32_t root, void *out, size_t room)
{
	struct renumber bases = { .count = 0 };
	struct dpf_blob head = { .magic = DPF_MAGIC };
	struct pruned_graph p;
	uint32_t nnodes;
	uint8_t *at = out;
	size_t bytes;
	int err = dpf_prune(g, root, &p);

	if (err != SP_OK)
		return err;
	nnodes = number_nodes(&p, g, &bases);
	if (nnodes > DPF_MAX_NODES)
		return SP_ENOMEM;
	bytes = sizeof(head) + bases.count * sizeof(struct dpf_base) +
		nnodes * sizeof(struct dpf_node);
	if (bytes > room)
		return SP_ENOMEM;
	head.nbases = (uint16_t)bases.count;
	head.nnodes = (uint16_t)nnodes;
	head.root = nnodes == 0 ? target(&p, p.root) : 0;
	__builtin_memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	write_bases(g, &bases, (struct dpf_base *)(void *)at);
	at += bases.count * sizeof(struct dpf_base);
	write_nodes(&p, &bases, (struct dpf_node *)(void *)at);
	return (int)bytes;
}
