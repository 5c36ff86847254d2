/*
 * unicast.c - of a filter what is not for groups, as a filter.
 *
 * Shared bindings all get what is for groups, but of other frames there is still
 * one winner: this part goes to the classifier, the whole to the set of those
 * who share (shared.c).
 */
#include "kernel/core/unicast.h"

enum { TESTS = 2, ETHERTYPE_ARP = 0x0806 };

static const struct dpf_node rest[TESTS] = {
	{ .op = DPF_EQ, .width = 1, .yes = 1, .no = DPF_ACCEPT, .mask = 1 },
	{ .op = DPF_EQ,
		.width = 2,
		.off = 12,
		.yes = DPF_ACCEPT,
		.no = DPF_REJECT,
		.mask = 0xffff,
		.value = ETHERTYPE_ARP },
};

const struct dpf_filter unicast_rest = { .nodes = rest, .nnodes = TESTS };

size_t
unicast_bytes(const struct dpf_filter *f)
{
	return sizeof(struct dpf_blob) + f->nbases * sizeof(struct dpf_base) +
	       (f->nnodes + (size_t)TESTS) * sizeof(struct dpf_node) +
	       f->nresidual * sizeof(struct dpf_bpf);
}

/* Where a node of F goes on when two come before it. */
static uint16_t
moved(uint16_t to)
{
	return to == DPF_ACCEPT || to == DPF_REJECT ? to
						    : (uint16_t)(to + TESTS);
}

static void
write_tests(struct dpf_node *n, uint16_t then)
{
	n[0] = (struct dpf_node){
		.op = DPF_EQ, .width = 1, .yes = 1, .no = DPF_REJECT, .mask = 1
	};
	n[1] = (struct dpf_node){ .op = DPF_EQ,
		.width = 2,
		.off = 12,
		.yes = DPF_REJECT,
		.no = then,
		.mask = 0xffff,
		.value = ETHERTYPE_ARP };
}

int
unicast_part(const struct dpf_filter *f, void *room, struct dpf_filter *part)
{
	struct dpf_blob *h = room;
	struct dpf_base *bases = (struct dpf_base *)(h + 1);
	struct dpf_node *nodes = (struct dpf_node *)(bases + f->nbases);
	struct dpf_bpf *residual =
		(struct dpf_bpf *)(nodes + TESTS + f->nnodes);
	int n;

	if (f->nnodes > DPF_MAX_NODES - TESTS)
		return SP_EINVAL;
	*h = (struct dpf_blob){ .magic = DPF_MAGIC,
		.nbases = f->nbases,
		.nnodes = (uint16_t)(f->nnodes + TESTS),
		.nresidual = f->nresidual };
	for (uint32_t i = 0; i < f->nbases; i++)
		bases[i] = f->bases[i];
	write_tests(nodes, f->nnodes == 0 ? f->root : TESTS);
	for (uint32_t i = 0; i < f->nnodes; i++) {
		nodes[TESTS + i] = f->nodes[i];
		nodes[TESTS + i].yes = moved(f->nodes[i].yes);
		nodes[TESTS + i].no = moved(f->nodes[i].no);
	}
	for (uint32_t i = 0; i < f->nresidual; i++)
		residual[i] = f->residual[i];
	n = dpf_parse(room, unicast_bytes(f), part);
	return n < 0 ? n : SP_OK;
}
