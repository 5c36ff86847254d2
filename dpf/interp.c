/*
 * interp.c - what a filter means, in the plainest code.
 *
 * Tests and fuzzing hold everything else against this: the lift (cbpf.c), the
 * generated code and the examples of relate.c.  Needs a filter that dpf_parse()
 * has accepted.  A residual is run by run.c.
 */
#include "dpf/bpf.h"

#include <spindle/bytes.h>

/* Load WIDTH bytes at AT + OFF; false when they are not all in the frame. */
static bool
load(const uint8_t *frame, size_t len, size_t at, size_t off, size_t width,
	uint32_t *out)
{
	if (at > len || off > len - at || width > len - at - off)
		return false;
	frame += at + off;
	if (width == 4)
		*out = be32_get(frame);
	else
		*out = width == 2 ? be16_get(frame) : frame[0];
	return true;
}

/*
 * Where does BASE lie?  False when a field it depends on is outside the frame,
 * or when it lies so far out that no load behind it can succeed.
 */
static bool
find_base(const struct dpf_filter *f, unsigned base, const uint8_t *frame,
	size_t len, size_t *at)
{
	uint8_t chain[DPF_MAX_BASES] = { 0 };
	unsigned n = 0;

	for (; base != DPF_BASE_FRAME; base = f->bases[base - 1].from)
		chain[n++] = (uint8_t)base;
	*at = 0;
	while (n-- > 0) {
		const struct dpf_base *b = &f->bases[chain[n] - 1];
		uint32_t v;

		if (!load(frame, len, *at, b->off, b->width, &v))
			return false;
		v &= b->mask;
		v = b->shift < 0 ? v >> -b->shift : v << b->shift;
		if (v > len - *at)
			return false;
		*at += v;
	}
	return true;
}

bool
dpf_interp(const struct dpf_filter *f, const uint8_t *frame, size_t len,
	size_t wirelen)
{
	unsigned at = f->root;

	while (at != DPF_ACCEPT && at != DPF_REJECT) {
		const struct dpf_node *n = &f->nodes[at];
		uint32_t v = (uint32_t)wirelen;
		size_t base;

		if (n->base != DPF_BASE_LEN &&
			(!find_base(f, n->base, frame, len, &base) ||
				!load(frame, len, base, n->off, n->width, &v)))
			return false;
		v &= n->mask;
		at = (n->op == DPF_EQ ? v == n->value : v > n->value) ? n->yes
								      : n->no;
	}
	if (at == DPF_REJECT)
		return false;
	return f->nresidual == 0 ||
	       dpf_bpf_run(f->residual, frame, len, wirelen) != 0;
}
