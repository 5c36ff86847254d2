/*
 * write.c - number the nodes of a pruned graph and write them as a blob.
 *
 * A node is younger than those it leads to, so counting from the youngest down
 * gives the order that dpf_parse() demands.
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
	if (base == DPF_BASE_LEN)
		return;
	for (; base != DPF_BASE_FRAME; base = g->bases[base - 1].from)
		r->to[base] = 1;
}

static void
number_bases(struct renumber *r)
{
	for (unsigned b = 1; b <= DPF_MAX_BASES; b++)
		if (r->to[b] != 0)
			r->to[b] = (uint8_t)++r->count;
}

/* Number what the root leads to; returns how many nodes that are. */
static uint32_t
number_nodes(
	struct pruned_graph *p, const struct graph *g, struct renumber *bases)
{
	uint32_t count = 0;

	p->root->number = 1;
	for (struct pruned *r = p->newest; r != NULL; r = r->older) {
		if (r->number == 0)
			continue;
		r->yes->number = r->no->number = 1;
		r->number = ++count;
		want_base(bases, g, r->lit.base);
	}
	return count;
}

static uint16_t
target(const struct pruned_graph *p, const struct pruned *to)
{
	if (to == &p->accept)
		return DPF_ACCEPT;
	return to == &p->reject ? DPF_REJECT : (uint16_t)(to->number - 1);
}

static void
write_bases(const struct graph *g, const struct renumber *bases,
	struct dpf_base *out)
{
	for (unsigned b = 1; b <= g->nbases; b++) {
		if (bases->to[b] == 0)
			continue;
		*out = g->bases[b - 1];
		out->from = bases->to[out->from];
		out++;
	}
}

static void
write_nodes(const struct pruned_graph *p, const struct renumber *bases,
	struct dpf_node *out)
{
	for (const struct pruned *r = p->newest; r != NULL; r = r->older) {
		const struct lit *t = &r->lit;

		if (r->number == 0)
			continue;
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
	number_bases(&bases);
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
