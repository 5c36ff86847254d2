/*
 * tree.c - the sorted trees and lists that live in a set's pool.
 *
 * Trees are crit-bit trees: their shape depends on the keys alone and no choice
 * of keys makes them deep.
 */
#include "dpf/trie.h"

#include <spindle/bytes.h>

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
	r = dpf_pool_alloc(s, sizeof(*in));
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
		dpf_pool_free(s, gone, sizeof(*in));
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
