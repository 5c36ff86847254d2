/*
 * base.c - interned base definitions: equal definitions share one object.
 *
 * That is what lets filters of different owners share the code which finds,
 * say, the end of an IPv4 header.
 */
#include "dpf/trie.h"

static bool
base_is(const struct base *b, const struct dpf_base *def, ref_t from)
{
	return b->from == from && b->mask == def->mask && b->off == def->off &&
	       b->width == def->width && b->shift == def->shift;
}

static uint32_t
hash(const struct dpf_base *def, ref_t from)
{
	uint32_t h = from >> 3 ^ def->mask ^ (uint32_t)def->off << 7 ^
		     (uint32_t)def->width << 3 ^ (uint8_t)def->shift;

	h ^= h >> 16;
	return (h ^ h >> 6) % TRIE_BASE_HASH;
}

static void
base_fill(struct dpf_set *s, ref_t r, const struct dpf_base *def, ref_t from)
{
	struct base *b = trie_at(s, r);
	uint32_t h = hash(def, from);

	b->from = from;
	b->mask = def->mask;
	b->refs = 1;
	b->off = def->off;
	b->width = def->width;
	b->shift = def->shift;
	b->next = s->bases[h];
	s->bases[h] = r;
	if (from != REF_FRAME) {
		struct base *f = trie_at(s, from);

		f->refs++;
		b->depth = (uint8_t)(f->depth + 1);
	}
}

ref_t
dpf_base_get(struct dpf_set *s, const struct dpf_base *def, ref_t from)
{
	ref_t r = s->bases[hash(def, from)];

	while (r != 0) {
		struct base *b = trie_at(s, r);

		if (base_is(b, def, from)) {
			b->refs++;
			return r;
		}
		r = b->next;
	}
	r = dpf_pool_alloc(s, sizeof(struct base));
	if (r != 0)
		base_fill(s, r, def, from);
	return r;
}

void
dpf_base_ref(struct dpf_set *s, ref_t r)
{
	if (r != REF_FRAME && r != REF_LEN)
		((struct base *)trie_at(s, r))->refs++;
}

void
dpf_base_put(struct dpf_set *s, ref_t r)
{
	while (r != REF_FRAME && r != REF_LEN) {
		struct base *b = trie_at(s, r);
		struct dpf_base def = { .width = b->width,
			.shift = b->shift,
			.off = b->off,
			.mask = b->mask };
		ref_t from = b->from, *at = &s->bases[hash(&def, from)];

		if (--b->refs > 0)
			return;
		while (*at != r)
			at = &((struct base *)trie_at(s, *at))->next;
		*at = b->next;
		dpf_pool_free(s, r, sizeof(struct base));
		r = from;
	}
}

static int
compare(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* The length first (it needs no load), then the frame, then by depth. */
static uint32_t
rank(const struct dpf_set *s, ref_t r)
{
	if (r == REF_LEN)
		return 0;
	if (r == REF_FRAME)
		return 1;
	return 2u + ((const struct base *)trie_at(s, r))->depth;
}

int
dpf_base_compare(const struct dpf_set *s, ref_t a, ref_t b)
{
	const struct base *x, *y;
	int c;

	if (a == b)
		return 0;
	c = compare(rank(s, a), rank(s, b));
	if (c != 0)
		return c;
	do { /* the outermost definitions that differ decide */
		x = trie_at(s, a);
		y = trie_at(s, b);
		a = x->from;
		b = y->from;
	} while (a != b);
	c = compare(x->off, y->off);
	if (c == 0)
		c = compare(x->width, y->width);
	if (c == 0)
		c = compare(x->mask, y->mask);
	return c != 0 ? c : compare((uint8_t)x->shift, (uint8_t)y->shift);
}
