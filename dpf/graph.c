/*
 * graph.c - build a decision graph in memory that the caller lends.
 *
 * Tests are kept once each, so that equality of tests is equality of pointers
 * and the last use of each is known.  Next: prune.c.
 */
#include "dpf/graph.h"

void
dpf_bump_init(struct bump *a, void *mem, size_t bytes)
{
	size_t skip = -(uintptr_t)mem & 7;

	a->at = (uint8_t *)mem + (skip < bytes ? skip : bytes);
	a->left = skip < bytes ? bytes - skip : 0;
}

void *
dpf_bump_take(struct bump *a, size_t count, size_t size)
{
	void *p = a->at;

	if (size == 0 || count > (a->left & ~(size_t)7) / size)
		return NULL;
	size = (count * size + 7) & ~(size_t)7;
	a->at += size;
	a->left -= size;
	__builtin_memset(p, 0, size);
	return p;
}

int
dpf_graph_init(struct graph *g, void *scratch, size_t bytes)
{
	uint32_t buckets = 64;

	__builtin_memset(g, 0, sizeof(*g));
	dpf_bump_init(&g->mem, scratch, bytes);
	g->mem.left &= ~(size_t)7;
	g->top = (struct graph_node *)(void *)(g->mem.at + g->mem.left);
	while (buckets < 65536 && buckets < bytes / 256)
		buckets *= 2;
	g->tests_mask = buckets - 1;
	g->tests = dpf_bump_take(&g->mem, buckets, sizeof(*g->tests));
	return g->tests == NULL ? SP_ENOMEM : SP_OK;
}

static bool
same_base(const struct dpf_base *a, const struct dpf_base *b)
{
	return a->from == b->from && a->width == b->width &&
	       a->shift == b->shift && a->off == b->off && a->mask == b->mask;
}

int
dpf_graph_base(struct graph *g, const struct dpf_base *b)
{
	for (unsigned i = 0; i < g->nbases; i++)
		if (same_base(&g->bases[i], b))
			return (int)i + 1;
	if (g->nbases == DPF_MAX_BASES)
		return SP_ENOMEM;
	g->bases[g->nbases++] = *b;
	return (int)g->nbases;
}

static struct graph_key *
key_of(struct graph *g, const struct lit *t)
{
	struct graph_key *k;

	for (k = g->keys; k != NULL; k = k->next)
		if (k->base == t->base && k->off == t->off &&
			k->width == t->width && k->mask == t->mask)
			return k;
	k = dpf_bump_take(&g->mem, 1, sizeof(*k));
	if (k == NULL)
		return NULL;
	k->base = t->base;
	k->off = t->off;
	k->width = t->width;
	k->mask = t->mask;
	k->next = g->keys;
	g->keys = k;
	return k;
}

static bool
add_need(struct graph *g, const struct lit *t)
{
	uint32_t need = (uint32_t)t->off + t->width;
	struct graph_need *n;

	if (t->base == DPF_BASE_LEN)
		return true;
	for (n = g->needs; n != NULL; n = n->next)
		if (n->base == t->base && n->need == need)
			return true;
	n = dpf_bump_take(&g->mem, 1, sizeof(*n));
	if (n == NULL)
		return false;
	n->base = t->base;
	n->need = need;
	n->next = g->needs;
	g->needs = n;
	return true;
}

static struct graph_test **
bucket_of(const struct graph *g, const struct lit *t)
{
	uint32_t hash = t->value * 0x9e3779b1u ^ t->mask * 0x85ebca6bu ^
			(t->op + t->base * 5u + t->off * 1361u) * 0xc2b2ae35u;

	return &g->tests[(hash >> 12) & g->tests_mask];
}

static struct graph_test *
find_test(struct graph_test *n, const struct lit *t)
{
	for (; n != NULL; n = n->next)
		if (n->lit.value == t->value && n->lit.mask == t->mask &&
			n->lit.op == t->op && n->lit.off == t->off &&
			n->lit.base == t->base && n->lit.width == t->width)
			return n;
	return NULL;
}

const struct graph_test *
dpf_graph_find(const struct graph *g, const struct lit *t)
{
	return find_test(*bucket_of(g, t), t);
}

static struct graph_test *
test_of(struct graph *g, const struct lit *t)
{
	struct graph_test **slot = bucket_of(g, t);
	struct graph_test *n = find_test(*slot, t);

	if (n != NULL)
		return n;
	n = dpf_bump_take(&g->mem, 1, sizeof(*n));
	if (n == NULL || !add_need(g, t))
		return NULL;
	n->key = key_of(g, t);
	if (n->key == NULL)
		return NULL;
	n->lit = *t;
	n->next = *slot;
	*slot = n;
	return n;
}

struct graph_node *
dpf_graph_add(struct graph *g, const struct lit *t, uint32_t yes, uint32_t no)
{
	struct graph_test *test = t == NULL ? NULL : test_of(g, t);
	struct graph_node *n;

	if ((t != NULL && test == NULL) || g->mem.left < sizeof(*n) + 8)
		return NULL;
	g->mem.left -= (sizeof(*n) + 7) & ~(size_t)7;
	n = dpf_graph_at(g, g->nnodes++);
	n->test = test;
	n->yes = yes;
	n->no = no;
	return n;
}

static uint32_t
mirrored(const struct graph *g, uint32_t to)
{
	return to == GRAPH_ACCEPT || to == GRAPH_REJECT ? to
							: g->nnodes - 1 - to;
}

void
dpf_graph_reverse(struct graph *g)
{
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct graph_node *n = dpf_graph_at(g, i);

		n->yes = mirrored(g, n->yes);
		n->no = mirrored(g, n->no);
	}
	for (uint32_t i = 0; i < g->nnodes / 2; i++) {
		struct graph_node *a = dpf_graph_at(g, i);
		struct graph_node *b = dpf_graph_at(g, g->nnodes - 1 - i);
		struct graph_node keep = *a;

		*a = *b;
		*b = keep;
	}
}
