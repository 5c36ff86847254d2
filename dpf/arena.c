/*
 * arena.c - memory of a set, and the sorted trees and lists that live in it.
 *
 * Two block sizes with free lists above a mark that only rises; working memory
 * is taken from the end and given back.  Trees are crit-bit trees: their shape
 * depends on the keys alone and no choice of keys makes them deep.
 */
#include "dpf/trie.h"

#include <spindle/bytes.h>

/*
 * Bytes at the end of the arena that emit must be able to borrow, and inserting
 * again whatever was removed.
 */
static uint32_t
reserve(const struct dpf_set *s)
{
	uint32_t emit = 4 * s->max_arms + 8;
	uint32_t insert = s->scratch > s->keep ? s->scratch : s->keep;

	return insert > emit ? insert : emit;
}

bool
dpf_arena_has_reserve(const struct dpf_set *s)
{
	return s->bytes - s->used >= reserve(s);
}

static ref_t
take(struct dpf_set *s, ref_t *list)
{
	ref_t r = *list;

	if (r != 0)
		*list = ((struct link *)trie_at(s, r))->next;
	return r;
}

static void
give(struct dpf_set *s, ref_t *list, ref_t r)
{
	struct link *l = trie_at(s, r);

	l->next = *list;
	*list = r;
}

/* No small block is free: cut a big one up. */
static ref_t
split(struct dpf_set *s)
{
	ref_t r = take(s, &s->free_big);

	if (r == 0)
		return 0;
	for (uint32_t at = TRIE_SMALL; at < TRIE_BIG; at += TRIE_SMALL)
		give(s, &s->free_small, r + at);
	return r;
}

ref_t
dpf_arena_alloc(struct dpf_set *s, uint32_t bytes)
{
	ref_t r = take(s, bytes == TRIE_BIG ? &s->free_big : &s->free_small);
	uint32_t room = s->bytes - s->used;
	uint32_t *word;

	if (r == 0 && room >= reserve(s) && bytes <= room - reserve(s)) {
		r = s->used;
		s->used += bytes;
	}
	if (r == 0 && bytes == TRIE_SMALL)
		r = split(s);
	if (r == 0)
		return 0;
	word = trie_at(s, r);
	for (uint32_t i = 0; i < bytes / sizeof(*word); i++)
		word[i] = 0;
	return r;
}

void
dpf_arena_free(struct dpf_set *s, ref_t r, uint32_t bytes)
{
	give(s, bytes == TRIE_BIG ? &s->free_big : &s->free_small, r);
}

void *
dpf_arena_scratch(struct dpf_set *s, size_t bytes)
{
	if (bytes > s->bytes - s->used)
		return NULL;
	s->scratch = ((uint32_t)bytes + 7) & ~7u;
	if (s->scratch > s->bytes - s->used) {
		s->scratch = 0;
		return NULL;
	}
	return s->mem + s->bytes - s->scratch;
}

void
dpf_arena_scratch_end(struct dpf_set *s)
{
	s->scratch = 0;
}

/* --- sorted trees --------------------------------------------------------- */

static const struct inner *
inner_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static uint32_t
key_at(const struct dpf_set *s, ref_t item)
{
	return ((const struct link *)trie_at(s, item))->key;
}

static unsigned
side(const struct inner *in, uint32_t key)
{
	return key >> in->bit & 1;
}

/* The only item that can have KEY. */
static ref_t
nearest(const struct dpf_set *s, ref_t root, uint32_t key)
{
	while ((root & REF_LEAF) == 0) {
		const struct inner *in = inner_at(s, root);

		root = in->child[side(in, key)];
	}
	return root & ~(ref_t)REF_LEAF;
}

ref_t
dpf_tree_find(const struct dpf_set *s, ref_t root, uint32_t key)
{
	ref_t item;

	if (root == 0)
		return 0;
	item = nearest(s, root, key);
	return key_at(s, item) == key ? item : 0;
}

int
dpf_tree_add(struct dpf_set *s, ref_t *root, ref_t item)
{
	uint32_t key = key_at(s, item), differ;
	struct inner *in;
	ref_t r;

	if (*root == 0) {
		*root = item | REF_LEAF;
		return SP_OK;
	}
	differ = key ^ key_at(s, nearest(s, *root, key));
	if (differ == 0)
		return SP_EEXIST;
	r = dpf_arena_alloc(s, TRIE_SMALL);
	if (r == 0)
		return SP_ENOMEM;
	in = trie_at(s, r);
	in->bit = 31 - (uint32_t)__builtin_clz(differ);
	while ((*root & REF_LEAF) == 0) {
		struct inner *up = trie_at(s, *root);

		if (up->bit < in->bit)
			break;
		root = &up->child[side(up, key)];
	}
	in->child[side(in, key)] = item | REF_LEAF;
	in->child[!side(in, key)] = *root;
	*root = r;
	return SP_OK;
}

void
dpf_tree_del(struct dpf_set *s, ref_t *root, uint32_t key)
{
	ref_t *above = NULL; /* the reference to the parent of *root */

	while ((*root & REF_LEAF) == 0) {
		struct inner *in = trie_at(s, *root);

		above = root;
		root = &in->child[side(in, key)];
	}
	if (above == NULL) {
		*root = 0;
	} else {
		ref_t gone = *above;
		const struct inner *in = inner_at(s, gone);

		*above = in->child[!side(in, key)];
		dpf_arena_free(s, gone, TRIE_SMALL);
	}
}

ref_t
dpf_tree_chain(const struct dpf_set *s, ref_t root)
{
	ref_t stack[33], first = 0, *end = &first;
	unsigned depth = 0;

	if (root == 0)
		return 0;
	stack[depth++] = root;
	while (depth > 0) {
		ref_t r = stack[--depth];

		while ((r & REF_LEAF) == 0) {
			stack[depth++] = inner_at(s, r)->child[1];
			r = inner_at(s, r)->child[0];
		}
		*end = r & ~(ref_t)REF_LEAF;
		end = &((struct link *)trie_at(s, *end))->next;
	}
	*end = 0;
	return first;
}

/* --- lists ---------------------------------------------------------------- */

static ref_t
merge(const struct dpf_set *s, ref_t a, ref_t b, list_before *before,
	uint32_t arg)
{
	ref_t first = 0, *end = &first;

	while (a != 0 && b != 0) {
		ref_t *from = before(s, b, a, arg) ? &b : &a;
		struct link *l = trie_at(s, *from);

		*end = *from;
		end = &l->next;
		*from = l->next;
	}
	*end = a != 0 ? a : b;
	return first;
}

ref_t
dpf_list_sort(
	const struct dpf_set *s, ref_t list, list_before *before, uint32_t arg)
{
	ref_t bins[32], out = 0; /* bin i: a sorted run of 2^i items */

	if (list == 0 || ((const struct link *)trie_at(s, list))->next == 0)
		return list;
	for (unsigned i = 0; i < ARRAY_LEN(bins); i++)
		bins[i] = 0;
	while (list != 0) {
		struct link *l = trie_at(s, list);
		ref_t run = list;
		unsigned i = 0;

		list = l->next;
		l->next = 0;
		for (; bins[i] != 0; i++) {
			run = merge(s, bins[i], run, before, arg);
			bins[i] = 0;
		}
		bins[i] = run;
	}
	for (unsigned i = 0; i < ARRAY_LEN(bins); i++)
		if (bins[i] != 0)
			out = merge(s, bins[i], out, before, arg);
	return out;
}
