/*
 * lit.c - masks, fields and literals by themselves; facts.c puts them together.
 */
#include "dpf/facts.h"

static uint32_t
top_bit(uint32_t v)
{
	return 0x80000000u >> __builtin_clz(v);
}

uint32_t
dpf_mask_floor(uint32_t v, uint32_t mask)
{
	uint32_t top;

	if ((v & ~mask) == 0)
		return v;
	top = top_bit(v & ~mask);
	return (v & mask & ~(top - 1)) | (mask & (top - 1));
}

uint32_t
dpf_mask_ceil(uint32_t v, uint32_t mask)
{
	uint32_t above, up;

	if ((v & ~mask) == 0)
		return v;
	above = mask & ~v & ~(top_bit(v & ~mask) - 1);
	up = above & -above;
	return (v & mask & ~(up - 1)) | up;
}

unsigned
dpf_narrow(uint16_t *off, uint8_t *width, uint32_t *mask)
{
	unsigned right = 0, first, bytes;

	if (*mask == 0 || *width == 1)
		return 0;
	while ((*mask >> right & 0xff) == 0)
		right += 8;
	bytes = (32 - (unsigned)__builtin_clz(*mask) + 7) / 8;
	first = *width - bytes; /* leading bytes without a bit */
	bytes -= right / 8;
	if (bytes == 3) {
		/* A word that is aligned stays; another ends with the bits. */
		right = *off % 4 == 2 || *off < right / 8 ? 0 : right;
		*off = (uint16_t)(*off - right / 8);
		*mask >>= right;
		return right;
	}
	*off = (uint16_t)(*off + first);
	*width = (uint8_t)bytes;
	*mask >>= right;
	return right;
}

struct lit
dpf_lit_fit(unsigned base, uint32_t need)
{
	struct lit t = {
		.op = LIT_EQ,
		.base = (uint8_t)base,
		.width = 1,
		.off = (uint16_t)(need - 1),
	};

	return t;
}

bool
dpf_lit_from_node(const struct dpf_node *n, struct lit *out)
{
	struct lit t = {
		.op = n->op,
		.base = n->base,
		.width = n->width,
		.off = n->off,
		.mask = n->mask & dpf_width_mask(n->width),
		.value = n->value,
	};

	*out = t;
	return t.op == LIT_EQ ? (t.value & ~t.mask) == 0 : t.value < t.mask;
}

uint32_t
dpf_lit_reach(const struct dpf_base *bases, const struct lit *t, unsigned base)
{
	uint32_t need = (uint32_t)t->off + t->width;
	unsigned at = t->base;

	if (at == DPF_BASE_LEN)
		return 0;
	while (at != base) {
		const struct dpf_base *b = &bases[at - 1];

		if (at < base)
			return 0;
		/* A base lies at or behind its origin. */
		if (need < (uint32_t)b->off + b->width)
			need = (uint32_t)b->off + b->width;
		at = b->from;
	}
	return need;
}
