/*
 * filter.c - check a stored filter once, so that nobody has to check it again.
 *
 * A filter comes from an application: everything dpf_interp(), the compiler and
 * the relation rely on (order, indices, widths, offsets) is proved here.  Next:
 * interp.c says what the checked filter means.
 */
#include "dpf/bpf.h"

#include <spindle/bytes.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	"blobs are read where they lie");

static bool
width_is_valid(uint8_t width)
{
	return width == 1 || width == 2 || width == 4;
}

/* Does a field of WIDTH bytes at OFF lie within the longest frame? */
static bool
place_is_valid(uint16_t off, uint8_t width)
{
	return width_is_valid(width) && off <= DPF_MAX_FRAME - width;
}

static bool
base_is_valid(const struct dpf_base *b, unsigned index)
{
	return b->from < index && place_is_valid(b->off, b->width) &&
	       b->shift >= -31 && b->shift <= 31 && b->zero == 0 &&
	       b->zero2 == 0;
}

static bool
target_is_valid(uint16_t to, unsigned from, unsigned nnodes)
{
	return to == DPF_ACCEPT || to == DPF_REJECT ||
	       (to > from && to < nnodes);
}

static bool
node_is_valid(const struct dpf_node *n, unsigned index, unsigned nbases,
	unsigned nnodes)
{
	if (n->zero != 0 || n->zero2 != 0)
		return false;
	if (n->base == DPF_BASE_LEN) {
		if (n->width != 4 || n->off != 0)
			return false;
	} else if (n->base > nbases || !place_is_valid(n->off, n->width)) {
		return false;
	}
	if (n->op != DPF_EQ && n->op != DPF_GT)
		return false;
	if (n->op == DPF_EQ && (n->value & ~n->mask) != 0)
		return false;
	return target_is_valid(n->yes, index, nnodes) &&
	       target_is_valid(n->no, index, nnodes);
}

static bool
header_is_valid(const struct dpf_blob *h)
{
	if (h->magic != DPF_MAGIC)
		return false;
	if (h->nbases > DPF_MAX_BASES || h->nnodes > DPF_MAX_NODES ||
		h->nresidual > DPF_MAX_RESIDUAL)
		return false;
	if (h->nnodes == 0)
		return h->root == DPF_ACCEPT || h->root == DPF_REJECT;
	return h->root == 0;
}

int
dpf_parse(const void *blob, size_t bytes, struct dpf_filter *out)
{
	const struct dpf_blob *h = blob;
	size_t need = sizeof(*h);
	struct dpf_why why;

	if (bytes < need)
		return SP_ESHORT;
	if (!header_is_valid(h))
		return SP_EFORMAT;
	need += h->nbases * sizeof(struct dpf_base) +
		h->nnodes * sizeof(struct dpf_node) +
		h->nresidual * sizeof(struct dpf_bpf);
	if (bytes < need)
		return SP_ESHORT;
	out->bases = (const struct dpf_base *)(h + 1);
	out->nodes = (const struct dpf_node *)(out->bases + h->nbases);
	out->residual = (const struct dpf_bpf *)(out->nodes + h->nnodes);
	out->nresidual = h->nresidual;
	out->nbases = h->nbases;
	out->nnodes = h->nnodes;
	out->root = h->root;
	for (unsigned i = 0; i < h->nbases; i++)
		if (!base_is_valid(&out->bases[i], i + 1))
			return SP_EFORMAT;
	for (unsigned i = 0; i < h->nnodes; i++)
		if (!node_is_valid(&out->nodes[i], i, h->nbases, h->nnodes))
			return SP_EFORMAT;
	if (h->nresidual > 0 &&
		dpf_bpf_check(out->residual, h->nresidual, &why) != SP_OK)
		return SP_EFORMAT;
	return (int)need;
}
