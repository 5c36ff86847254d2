/*
 * recipe.c - insert a filter as one like it was inserted before.
 *
 * A recipe says for a graph which constants end up in which fields of which
 * forms, for all values of those constants that cannot change what else the
 * paths say.  So another port or host takes a look at the graph, no walk.
 */
#include "dpf/recipe.h"

#include <spindle/bytes.h>

enum { MAX_NODES = 32, MAX_PATHS = 8, MAX_RECIPES = 64 };

/* Where the values of one path's fields come from. */
struct path {
	ref_t form;
	uint8_t nfields;
	uint8_t node[FORM_FIELDS];
	uint8_t drop[FORM_FIELDS]; /* bits behind the value's bytes */
	struct plan plan;
};

/* Bases, nodes and paths follow. */
struct recipe {
	ref_t next;
	uint32_t hash;
	uint32_t fixed; /* nodes whose constants must be the same */
	uint16_t root;
	uint8_t nbases, nnodes;
	uint8_t npaths; /* 0: there is no other way than to walk */
};

static struct recipe *
recipe_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static struct dpf_base *
bases_of(struct recipe *r)
{
	return (struct dpf_base *)(r + 1);
}

static struct dpf_node *
nodes_of(struct recipe *r)
{
	return (struct dpf_node *)(void *)(bases_of(r) + r->nbases);
}

static struct path *
paths_of(struct recipe *r)
{
	return (struct path *)(void *)(nodes_of(r) + r->nnodes);
}

static uint32_t
bytes_of(uint32_t nbases, uint32_t nnodes, uint32_t npaths)
{
	return (uint32_t)(sizeof(struct recipe) +
			  nbases * sizeof(struct dpf_base) +
			  nnodes * sizeof(struct dpf_node) +
			  npaths * sizeof(struct path));
}

/* --- finding ----------------------------------------------------------------- */

static uint32_t
hash_of(const struct dpf_filter *f)
{
	uint32_t h = f->nnodes;

	for (uint32_t i = 0; i < f->nnodes; i++) {
		const struct dpf_node *n = &f->nodes[i];

		h = h * 33 + n->off + ((uint32_t)n->yes << 8);
	}
	return h ^ h >> 15;
}

/* Nodes and bases have no padding. */
enum {
	BASE_WORDS = sizeof(struct dpf_base) / 4,
	NODE_WORDS = sizeof(struct dpf_node) / 4,
};

_Static_assert(NODE_WORDS == 5 && offsetof(struct dpf_node, value) == 16,
	"differing() compares nodes word by word, the value at last");

/* Not 0 if A and B differ in more than their values; or in those as well. */
static uint32_t
differing(const void *a, const void *b, bool values)
{
	const uint32_t *x = a, *y = b;
	uint32_t d =
		(x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]);

	return values ? d | (x[4] ^ y[4]) : d;
}

static bool
same_bases(const void *a, const void *b, uint32_t n)
{
	const uint32_t *x = a, *y = b;

	for (uint32_t i = 0; i < n * BASE_WORDS; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

static bool
is_for(struct recipe *r, const struct dpf_filter *f)
{
	const struct dpf_node *n;

	if (r->nnodes != f->nnodes || r->nbases != f->nbases ||
		r->root != f->root)
		return false;
	n = nodes_of(r);
	for (uint32_t i = 0, fixed = r->fixed; i < f->nnodes; i++) {
		if (differing(&n[i], &f->nodes[i], (fixed & 1) != 0) != 0)
			return false;
		fixed >>= 1;
	}
	return same_bases(bases_of(r), f->bases, f->nbases);
}

ref_t
dpf_recipe_find(struct dpf_set *s, const struct dpf_filter *f)
{
	uint32_t hash;
	ref_t r;

	if (f->nnodes > MAX_NODES || f->nresidual > 0 || s->nrecipes == 0)
		return 0;
	if (s->recipe != 0 && is_for(recipe_at(s, s->recipe), f))
		return s->recipe;
	hash = hash_of(f);
	r = s->recipes[hash % TRIE_RECIPE_HASH];
	while (r != 0 &&
		(recipe_at(s, r)->hash != hash || !is_for(recipe_at(s, r), f)))
		r = recipe_at(s, r)->next;
	s->recipe = r;
	return r;
}

/* --- following --------------------------------------------------------------- */

static void
read_values(const struct path *p, const struct dpf_filter *f, uint32_t *values)
{
	for (uint32_t i = 0; i < p->nfields; i++)
		values[i] = __builtin_bswap32(f->nodes[p->node[i]].value) >>
			    p->drop[i];
}

int
dpf_recipe_follow(struct dpf_set *s, ref_t recipe, const struct dpf_filter *f,
	uint32_t id)
{
	struct recipe *r = recipe_at(s, recipe);
	const struct path *p = paths_of(r);
	uint32_t values[MAX_PATHS][FORM_FIELDS];
	int err = r->npaths == 0 ? SP_EAGAIN : SP_OK;

	for (uint32_t i = 0; i < r->npaths; i++, p++) {
		read_values(p, f, values[i]);
		if (!dpf_form_matches(s, form_at(s, p->form), values[i]))
			return SP_EAGAIN;
	}
	p = paths_of(r);
	for (uint32_t i = 0; i < r->npaths && err == SP_OK; i++, p++)
		err = dpf_set_add_keyed(s, form_at(s, p->form), values[i], id);
	return err;
}

bool
dpf_recipe_knows_paths(const struct dpf_set *s, ref_t recipe)
{
	return recipe_at(s, recipe)->npaths > 0;
}

ref_t
dpf_recipe_path(const struct dpf_set *s, ref_t recipe,
	const struct dpf_filter *f, uint32_t i, uint32_t *values)
{
	struct recipe *r = recipe_at(s, recipe);
	const struct path *p = paths_of(r) + i;

	if (i == r->npaths)
		return 0;
	read_values(p, f, values);
	return p->form;
}

struct plan *
dpf_recipe_plan(const struct dpf_set *s, ref_t recipe, uint32_t i)
{
	return &paths_of(recipe_at(s, recipe))[i].plan;
}

/* --- learning ---------------------------------------------------------------- */

struct lesson {
	uint32_t fixed;
	uint32_t npaths;
	bool bad;
	struct path *path;
};

static bool
same_field(const struct walk *w, uint16_t a, uint16_t b)
{
	const struct dpf_node *x = &w->filter->nodes[a];
	const struct dpf_node *y = &w->filter->nodes[b];

	return x->off == y->off && x->width == y->width &&
	       dpf_walk_literal(w, a, false).base ==
		       dpf_walk_literal(w, b, false).base;
}

/* Is the stacked NODE the only one of its field that says anything? */
static bool
is_alone(const struct walk *w, uint16_t node)
{
	for (uint32_t i = 0; i < w->depth; i++)
		if (w->stack[i] != node && same_field(w, w->stack[i], node) &&
			!dpf_walk_drops(w, w->stack[i]))
			return false;
	return true;
}

/* Whatever the constant of NODE is, the stacked path says the same of it. */
static bool
is_free(const struct walk *w, uint16_t node)
{
	const struct dpf_node *n = &w->filter->nodes[node];

	if (dpf_walk_drops(w, node))
		return true;
	return (w->flags[node] & WALK_NO) == 0 && n->op == DPF_EQ &&
	       n->mask != 0 && n->base != DPF_BASE_LEN && is_alone(w, node);
}

static void
look_at_path(struct walk *w, void *arg)
{
	struct lesson *l = arg;

	for (uint32_t i = 0; i < w->depth; i++)
		if (!is_free(w, w->stack[i]))
			l->fixed |= 1u << w->stack[i];
}

/* The stacked node that field L of the path is made of. */
static bool
origin(const struct walk *w, const struct literal *l, uint8_t *node)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < w->depth; i++) {
		struct literal own = dpf_walk_literal(w, w->stack[i], false);

		if (own.base != l->base || own.off != l->off ||
			own.width != l->width || own.kind != KIND_EQ ||
			(w->flags[w->stack[i]] & WALK_NO) != 0 ||
			dpf_walk_drops(w, w->stack[i]))
			continue;
		*node = (uint8_t)w->stack[i];
		found++;
	}
	return found == 1;
}

static void
learn_path(struct dpf_set *s, const struct walk *w, struct lesson *l)
{
	struct path *p = &l->path[l->npaths];

	if (l->npaths == MAX_PATHS) {
		l->bad = true;
		return;
	}
	for (uint32_t i = 0; i < w->nlits; i++)
		dpf_literal_key(&w->lits[i]);
	p->form = dpf_form_get(s, w->lits, w->nlits);
	if (p->form == 0) {
		l->bad = true;
		return;
	}
	form_at(s, p->form)->users++;
	l->npaths++;
	p->nfields = (uint8_t)form_at(s, p->form)->nfields;
	for (uint32_t i = 0; i < p->nfields; i++) {
		p->drop[i] = (uint8_t)(32 - 8 * w->lits[i].width);
		if (!origin(w, &w->lits[i], &p->node[i]))
			l->bad = true;
	}
}

static void
let_go(struct dpf_set *s, const struct path *paths, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		form_at(s, paths[i].form)->users--;
		dpf_form_put(s, paths[i].form);
	}
}

static void
drop(struct dpf_set *s, ref_t *at)
{
	ref_t recipe = *at;
	struct recipe *r = recipe_at(s, recipe);

	*at = r->next;
	let_go(s, paths_of(r), r->npaths);
	dpf_pool_free(s, recipe, bytes_of(r->nbases, r->nnodes, r->npaths));
	s->nrecipes--;
	s->recipe = 0;
}

/* Recipes are few: the chain with the new one gives up its last. */
static void
make_room(struct dpf_set *s, ref_t *chain)
{
	if (s->nrecipes < MAX_RECIPES || *chain == 0)
		return;
	while (recipe_at(s, *chain)->next != 0)
		chain = &recipe_at(s, *chain)->next;
	drop(s, chain);
}

static void
keep(struct dpf_set *s, const struct dpf_filter *f, struct lesson *l)
{
	uint32_t hash = hash_of(f);
	ref_t *chain = &s->recipes[hash % TRIE_RECIPE_HASH], recipe;
	struct recipe *r;

	make_room(s, chain);
	recipe = dpf_pool_alloc(s, bytes_of(f->nbases, f->nnodes, l->npaths));
	if (recipe == 0) {
		let_go(s, l->path, l->npaths);
		return;
	}
	r = recipe_at(s, recipe);
	*r = (struct recipe){ .next = *chain,
		.hash = hash,
		.fixed = l->fixed,
		.root = f->root,
		.nbases = (uint8_t)f->nbases,
		.nnodes = (uint8_t)f->nnodes,
		.npaths = (uint8_t)l->npaths };
	for (uint32_t i = 0; i < f->nbases; i++)
		bases_of(r)[i] = f->bases[i];
	for (uint32_t i = 0; i < f->nnodes; i++)
		nodes_of(r)[i] = f->nodes[i];
	for (uint32_t i = 0; i < l->npaths; i++)
		paths_of(r)[i] = l->path[i];
	*chain = recipe;
	s->nrecipes++;
}

void
dpf_recipe_learn(struct dpf_set *s, const struct walk *w, void *scratch)
{
	const struct dpf_filter *f = w->filter;
	ref_t paths =
		f->nnodes > MAX_NODES
			? 0
			: dpf_pool_alloc(s, MAX_PATHS * sizeof(struct path));
	struct lesson l = { .path = trie_at(s, paths) };
	struct walk again = *w;

	if (paths == 0)
		return;
	dpf_walk_start(&again, s, f, scratch); /* its bases stay */
	again.look = look_at_path;
	again.look_arg = &l;
	while (!l.bad && dpf_walk_next(&again))
		learn_path(s, &again, &l);
	if (l.bad) { /* remember that, too */
		let_go(s, l.path, l.npaths);
		l.npaths = 0;
		l.fixed = UINT32_MAX;
	}
	keep(s, f, &l);
	dpf_pool_free(s, paths, MAX_PATHS * sizeof(struct path));
}

void
dpf_recipe_forget(struct dpf_set *s, ref_t form)
{
	for (unsigned i = 0; i < TRIE_RECIPE_HASH; i++) {
		ref_t *at = &s->recipes[i];

		while (*at != 0) {
			struct recipe *r = recipe_at(s, *at);
			bool uses = form == 0;

			for (uint32_t k = 0; k < r->npaths; k++)
				uses |= paths_of(r)[k].form == form;
			if (uses)
				drop(s, at);
			else
				at = &r->next;
		}
	}
}
