/*
 * pool.c - memory of a set: chunks for large blocks, slabs for small ones.
 *
 * Chunks are a buddy system over the owner's memory; a slab is one chunk cut
 * into objects of a size.  Everything that is given back can be had again in
 * any other size, however long a set lives.
 */
#include "dpf/trie.h"

#include <spindle/bytes.h>

enum {
	CHUNK = 1 << POOL_CHUNK_BITS,
	CHUNK_FREE = 0x80, /* in the map: the order of a free block */
	SLAB_HEAD = 16,
};

/* At the beginning of a free block. */
struct run {
	ref_t next, prev;
};

/* At the beginning of a slab. */
struct slab {
	ref_t next, prev; /* slabs of this size with room */
	ref_t free;
	uint16_t used;
	uint16_t size;
};

_Static_assert(sizeof(struct slab) == SLAB_HEAD, "objects are 8-aligned");

static struct run *
run_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static struct slab *
slab_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static uint32_t
chunk_of(const struct dpf_set *s, ref_t r)
{
	return (r - s->chunks) >> POOL_CHUNK_BITS;
}

static ref_t
chunk_at(const struct dpf_set *s, uint32_t chunk)
{
	return s->chunks + (chunk << POOL_CHUNK_BITS);
}

static uint8_t *
map(const struct dpf_set *s)
{
	return trie_at(s, s->map);
}

/* --- lists; run and slab begin alike ---------------------------------------- */

static void
list_push(struct dpf_set *s, ref_t *list, ref_t r)
{
	struct run *b = run_at(s, r);

	b->next = *list;
	b->prev = 0;
	if (*list != 0)
		run_at(s, *list)->prev = r;
	*list = r;
}

static void
list_drop(struct dpf_set *s, ref_t *list, ref_t r)
{
	const struct run *b = run_at(s, r);

	if (b->next != 0)
		run_at(s, b->next)->prev = b->prev;
	if (b->prev != 0)
		run_at(s, b->prev)->next = b->next;
	else
		*list = b->next;
}

/* --- chunks ------------------------------------------------------------------ */

static void
put_run(struct dpf_set *s, uint32_t chunk, unsigned order)
{
	map(s)[chunk] = (uint8_t)(CHUNK_FREE | order);
	list_push(s, &s->free[order], chunk_at(s, chunk));
}

static void
free_run(struct dpf_set *s, uint32_t chunk, unsigned order)
{
	for (; order + 1 < POOL_ORDERS; order++) {
		uint32_t buddy = chunk ^ 1u << order;

		if (buddy + (1u << order) > s->nchunks ||
			map(s)[buddy] != (CHUNK_FREE | order))
			break;
		list_drop(s, &s->free[order], chunk_at(s, buddy));
		map(s)[buddy] = 0;
		chunk &= ~(1u << order);
	}
	put_run(s, chunk, order);
}

static ref_t
alloc_run(struct dpf_set *s, unsigned order)
{
	unsigned have = order;
	uint32_t chunk;

	while (have < POOL_ORDERS && s->free[have] == 0)
		have++;
	if (have >= POOL_ORDERS)
		return 0;
	chunk = chunk_of(s, s->free[have]);
	list_drop(s, &s->free[have], s->free[have]);
	map(s)[chunk] = 0;
	while (have > order) {
		have--;
		put_run(s, chunk + (1u << have), have);
	}
	return chunk_at(s, chunk);
}

static unsigned
order_of(uint32_t bytes)
{
	uint32_t chunks = (bytes + CHUNK - 1) >> POOL_CHUNK_BITS;

	return chunks <= 1 ? 0 : 32 - (unsigned)__builtin_clz(chunks - 1);
}

/* --- slabs ------------------------------------------------------------------- */

/* A slab of objects of SIZE bytes, all free; 0 when the pool is full. */
static ref_t
new_slab(struct dpf_set *s, uint32_t size)
{
	ref_t r = alloc_run(s, 0), at;
	struct slab *b;

	if (r == 0)
		return 0;
	b = slab_at(s, r);
	b->free = 0;
	b->used = 0;
	b->size = (uint16_t)size;
	for (at = r + SLAB_HEAD; at + size <= r + CHUNK; at += size) {
		*(ref_t *)trie_at(s, at) = b->free;
		b->free = at;
	}
	list_push(s, &s->slabs[size / 8], r);
	return r;
}

static ref_t
alloc_small(struct dpf_set *s, uint32_t size)
{
	ref_t r = s->slabs[size / 8], at;
	struct slab *b;

	if (r == 0)
		r = new_slab(s, size);
	if (r == 0)
		return 0;
	b = slab_at(s, r);
	at = b->free;
	b->free = *(ref_t *)trie_at(s, at);
	b->used++;
	if (b->free == 0)
		list_drop(s, &s->slabs[size / 8], r);
	return at;
}

static void
free_small(struct dpf_set *s, ref_t at, uint32_t size)
{
	ref_t r = chunk_at(s, chunk_of(s, at));
	struct slab *b = slab_at(s, r);

	if (b->free == 0)
		list_push(s, &s->slabs[size / 8], r);
	*(ref_t *)trie_at(s, at) = b->free;
	b->free = at;
	if (--b->used > 0)
		return;
	list_drop(s, &s->slabs[size / 8], r);
	free_run(s, chunk_of(s, r), 0);
}

/* --- what others see --------------------------------------------------------- */

static uint32_t
round_up(uint32_t bytes)
{
	return (bytes + 7) & ~7u;
}

uint32_t
dpf_pool_room(uint32_t bytes)
{
	return bytes <= POOL_SMALL ? round_up(bytes)
				   : (uint32_t)CHUNK << order_of(bytes);
}

ref_t
dpf_pool_take(struct dpf_set *s, uint32_t bytes)
{
	uint32_t size = round_up(bytes);
	ref_t r;

	if (bytes <= POOL_SMALL) {
		r = alloc_small(s, size);
	} else if (bytes <= s->bytes) {
		size = dpf_pool_room(bytes);
		r = alloc_run(s, order_of(bytes));
	} else {
		return 0;
	}
	if (r != 0)
		s->used += size;
	return r;
}

ref_t
dpf_pool_alloc(struct dpf_set *s, uint32_t bytes)
{
	ref_t r = dpf_pool_take(s, bytes);
	uint32_t *word = trie_at(s, r);

	for (uint32_t i = 0; r != 0 && i < bytes / sizeof(*word); i++)
		word[i] = 0;
	return r;
}

void
dpf_pool_free(struct dpf_set *s, ref_t r, uint32_t bytes)
{
	if (r == 0)
		return;
	s->used -= dpf_pool_room(bytes);
	if (bytes <= POOL_SMALL)
		free_small(s, r, round_up(bytes));
	else
		free_run(s, chunk_of(s, r), order_of(bytes));
}

void
dpf_pool_init(struct dpf_set *s)
{
	uint32_t head = round_up(sizeof(*s)), n;

	/* One byte of the map goes with each chunk. */
	n = (s->bytes - head) / (CHUNK + 1);
	s->map = head;
	s->chunks = round_up(head + n);
	while (n > 0 && s->chunks + n * CHUNK > s->bytes)
		n--;
	s->nchunks = n;
	s->used = 0;
	for (unsigned i = 0; i < ARRAY_LEN(s->slabs); i++)
		s->slabs[i] = 0;
	for (unsigned i = 0; i < POOL_ORDERS; i++)
		s->free[i] = 0;
	for (uint32_t i = 0; i < n; i++)
		map(s)[i] = 0;
	for (uint32_t at = 0; at < n;) {
		unsigned order = POOL_ORDERS - 1;

		while (at % (1u << order) != 0 || at + (1u << order) > n)
			order--;
		put_run(s, at, order);
		at += 1u << order;
	}
}

void *
dpf_pool_scratch(struct dpf_set *s, size_t bytes)
{
	ref_t r;

	if (bytes <= s->scratch_bytes)
		return trie_at(s, s->scratch);
	if (bytes > s->bytes)
		return NULL;
	r = dpf_pool_take(s, (uint32_t)bytes);
	if (r == 0)
		return NULL;
	dpf_pool_free(s, s->scratch, s->scratch_bytes);
	s->scratch = r;
	s->scratch_bytes = dpf_pool_room((uint32_t)bytes);
	return trie_at(s, r);
}

void
dpf_pool_scratch_end(struct dpf_set *s)
{
	dpf_pool_free(s, s->scratch, s->scratch_bytes);
	s->scratch = s->scratch_bytes = 0;
}
