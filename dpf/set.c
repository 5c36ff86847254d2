/*
 * set.c - a set of filters: insert, remove, replace, rank, reach.
 *
 * Each accepting path of a filter becomes a leaf, in the trie or in a table.
 * What changes the trie makes the code anew (live.c); what only changes a table
 * is visible when it is linked there.
 */
#include "dpf/recipe.h"

#include <spindle/bytes.h>

enum { ALIGN = 8, ID_PAGE = 1 << TRIE_ID_BITS };

static int
init(const struct dpf_site *site, enum dpf_set_kind kind, struct dpf_set **out)
{
	size_t pad = -(uintptr_t)site->pool & (ALIGN - 1), bytes = site->bytes;
	uint8_t *mem = (uint8_t *)site->pool + pad;
	struct dpf_set *s = (void *)mem;

	if (bytes < pad || bytes - pad < sizeof(*s) + ALIGN)
		return SP_ENOMEM;
	bytes -= pad;
	if (bytes > INT32_MAX)
		bytes = INT32_MAX;
	*s = (struct dpf_set){
		.mem = mem,
		.bytes = (uint32_t)bytes,
		.address = site->address + (uint32_t)pad,
		.seed = site->seed | 1,
		.root = site->root,
		.limit = site->limit,
		.bound = UINT16_MAX,
		.sync = site->sync,
		.wrote = site->wrote,
		.wrote_arg = site->arg,
		.kind = kind,
	};
	dpf_pool_init(s);
	s->trie = dpf_pool_alloc(s, sizeof(struct place));
	*out = s;
	return s->trie == 0 ? SP_ENOMEM : SP_OK;
}

int
dpf_set_init(
	void *arena, size_t bytes, enum dpf_set_kind kind, struct dpf_set **out)
{
	struct dpf_site site = { .pool = arena, .bytes = bytes };

	return init(&site, kind, out);
}

int
dpf_set_open(const struct dpf_site *site, enum dpf_set_kind kind,
	struct dpf_set **out)
{
	int err = init(site, kind, out);

	return err < 0 ? err : dpf_publish(*out, true);
}

/* --- ids --------------------------------------------------------------------- */

struct filter *
dpf_filter_of(const struct dpf_set *s, uint32_t id)
{
	ref_t page = s->ids[id >> TRIE_ID_BITS];
	struct filter *f = trie_at(s, page);

	return page == 0 ? NULL : f + id % ID_PAGE;
}

/* The filter with an id that callers made up, or NULL. */
static struct filter *
find_filter(const struct dpf_set *s, uint32_t id)
{
	struct filter *f = id > DPF_MAX_ID ? NULL : dpf_filter_of(s, id);

	return f == NULL || f->used == 0 ? NULL : f;
}

uint16_t
dpf_order_of(const struct dpf_set *s, uint32_t id)
{
	return (uint16_t)(dpf_filter_of(s, id)->rank + 1);
}

/* Filters in use on the page of an id are counted in its first member. */
static struct filter *
add_filter(struct dpf_set *s, uint32_t id)
{
	ref_t *page = &s->ids[id >> TRIE_ID_BITS];
	struct filter *f;

	if (*page == 0)
		*page = dpf_pool_alloc(s, ID_PAGE * sizeof(struct filter));
	if (*page == 0)
		return NULL;
	f = trie_at(s, *page);
	f->on_page++;
	f = dpf_filter_of(s, id);
	f->leaves = f->mark = 0;
	f->used = 1;
	s->nfilters++;
	return f;
}

static void
drop_filter(struct dpf_set *s, uint32_t id)
{
	ref_t *page = &s->ids[id >> TRIE_ID_BITS];
	struct filter *first = trie_at(s, *page);

	dpf_filter_of(s, id)->used = 0;
	s->nfilters--;
	if (--first->on_page > 0)
		return;
	dpf_pool_free(s, *page, ID_PAGE * sizeof(struct filter));
	*page = 0;
}

/* --- paths ------------------------------------------------------------------- */

static void
add_to_filter(struct dpf_set *s, struct filter *f, ref_t leaf)
{
	leaf_at(s, leaf)->more = f->leaves;
	f->leaves = leaf;
}

/* A leaf in the trie. */
static int
add_plain(struct dpf_set *s, const struct literal *lits, uint32_t n,
	uint32_t id, ref_t form)
{
	ref_t place = dpf_trie_grow(s, lits, n), r;
	struct place *p = place_at(s, place);

	if (place == 0)
		return SP_ENOMEM;
	/* Only one filter is being inserted: its leaf would be the newest. */
	if (p->leaves != 0 && leaf_at(s, p->leaves)->id == id)
		return SP_OK;
	r = dpf_pool_alloc(s, sizeof(struct leaf));
	if (r == 0) {
		dpf_trie_prune(s, place);
		return SP_ENOMEM;
	}
	leaf_at(s, r)->next = p->leaves;
	p->leaves = r;
	leaf_at(s, r)->at = place;
	leaf_at(s, r)->id = id & DPF_MAX_ID;
	leaf_at(s, r)->order = dpf_order_of(s, id);
	add_to_filter(s, dpf_filter_of(s, id), r);
	dpf_trie_changed(s);
	if (form != 0)
		dpf_form_add_plain(s, form, r);
	return SP_OK;
}

int
dpf_set_add_keyed(struct dpf_set *s, const struct form *f,
	const uint32_t *values, uint32_t id)
{
	uint32_t key[TABLE_COLUMNS];
	struct table *t = table_at(s, f->table);
	struct filter *own = dpf_filter_of(s, id);
	ref_t r;

	dpf_table_key(t, values, key);
	r = dpf_table_leaf(s, t, key, id, (uint16_t)(own->rank + 1));
	if (r == 0)
		return SP_ENOMEM;
	add_to_filter(s, own, r);
	leaf_at(s, r)->next = s->staged;
	s->staged = r;
	if (!dpf_table_expect(t, own->rank + 1u))
		s->dirty = true;
	return SP_OK;
}

static int
add_path(struct dpf_set *s, struct literal *lits, uint32_t n, uint32_t id)
{
	uint32_t values[FORM_FIELDS];
	ref_t form = 0;
	int err;

	for (uint32_t i = 0; i < n; i++)
		dpf_literal_key(&lits[i]);
	if (s->root != NULL)
		form = dpf_form_get(s, lits, n);
	if (form == 0)
		return add_plain(s, lits, n, id, 0);
	for (uint32_t i = 0; i < form_at(s, form)->nfields; i++)
		values[i] = lits[i].value;
	if (dpf_form_matches(s, form_at(s, form), values))
		return dpf_set_add_keyed(s, form_at(s, form), values, id);
	err = add_plain(s, lits, n, id, form);
	if (err < 0)
		dpf_form_put(s, form);
	else if (s->staged == 0) /* keys that wait are of the old table */
		dpf_form_crowd(s, form);
	return err;
}

static struct table *
table_of(const struct dpf_set *s, const struct leaf *l)
{
	return table_at(s, form_at(s, l->form)->table);
}

/* Put the leaves that wait into their tables. */
static int
settle(struct dpf_set *s)
{
	while (s->staged != 0) {
		ref_t r = s->staged;
		struct leaf *l = leaf_at(s, r);
		struct table *t = table_of(s, l);
		int err = dpf_chain_admit(s, t, r);

		if (err < 0)
			return err;
		s->staged = l->next;
		l->next = 0;
		dpf_table_put(s, t, r);
		if (t->nentries <= t->most)
			continue;
		if (t->old.at != 0) { /* it grows for the second time */
			err = dpf_publish(s, true);
			if (err < 0)
				return err;
		}
		dpf_table_resize(s, t);
	}
	return SP_OK;
}

static void
unstage(struct dpf_set *s)
{
	for (; s->staged != 0; s->staged = leaf_at(s, s->staged)->next) {
		struct leaf *l = leaf_at(s, s->staged);

		dpf_pool_free(s, l->at, dpf_entry_bytes(table_of(s, l)));
		l->at = 0;
	}
}

static void
drop_plain(struct dpf_set *s, ref_t r)
{
	const struct leaf *l = leaf_at(s, r);
	ref_t place = l->at, *at = &place_at(s, place)->leaves;

	while (*at != r)
		at = &leaf_at(s, *at)->next;
	*at = l->next;
	if (l->form != 0)
		dpf_form_drop_plain(s, l->form, r);
	dpf_trie_prune(s, place);
	dpf_pool_free(s, r, sizeof(struct leaf));
	dpf_trie_changed(s);
}

static void
drop_leaf(struct dpf_set *s, ref_t r)
{
	ref_t form = leaf_at(s, r)->form;

	if (!leaf_at(s, r)->keyed)
		drop_plain(s, r);
	else if (leaf_at(s, r)->at == 0)
		dpf_pool_free(s, r, sizeof(struct leaf));
	else
		dpf_table_take(s, table_of(s, leaf_at(s, r)), r);
	if (form == 0)
		return;
	if (form_at(s, form)->table != 0)
		dpf_table_relax(s, form_at(s, form)->table);
	dpf_form_put(s, form);
}

/* --- filters ----------------------------------------------------------------- */

static void
drop_leaves(struct dpf_set *s, uint32_t id)
{
	struct filter *f = dpf_filter_of(s, id);

	while (f->leaves != 0) {
		ref_t r = f->leaves;

		f->leaves = leaf_at(s, r)->more;
		drop_leaf(s, r);
	}
	dpf_tail_free(s, id);
	dpf_residual_free(s, id);
}

/* The literals that end a path at a tail and before RESIDUAL. */
static void
end_path(struct walk *w, ref_t residual)
{
	if (w->end != DPF_ACCEPT)
		w->lits[w->nlits++] = (struct literal){ .kind = KIND_TAIL,
			.value = w->tails[w->end] };
	if (residual != 0)
		w->lits[w->nlits++] = (struct literal){ .kind = KIND_RESIDUAL,
			.value = residual };
}

/* Are all its leaves in tables?  Then filters like it are worth a recipe. */
static bool
all_keyed(const struct dpf_set *s, const struct filter *f)
{
	ref_t r = f->leaves;

	while (r != 0 && leaf_at(s, r)->keyed)
		r = leaf_at(s, r)->more;
	return r == 0 && f->leaves != 0;
}

static int
add_paths(struct dpf_set *s, const struct dpf_filter *f, uint32_t id,
	ref_t residual, bool learn)
{
	void *scratch = dpf_pool_scratch(s, dpf_walk_bytes(f));
	struct walk w;
	int err;

	if (scratch == NULL)
		return SP_ENOMEM;
	dpf_walk_start(&w, s, f, scratch);
	err = dpf_walk_get_bases(s, &w);
	if (err == SP_OK && w.has_tail)
		err = dpf_tail_build(s, &w, id);
	while (err == SP_OK && dpf_walk_next(&w)) {
		end_path(&w, residual);
		err = add_path(s, w.lits, w.nlits, id);
	}
	if (err == SP_OK && learn && !w.has_tail &&
		all_keyed(s, dpf_filter_of(s, id)))
		dpf_recipe_learn(s, &w, scratch);
	dpf_walk_put_bases(s, &w);
	return err;
}

/* F's leaves, by a recipe if there is one. */
static int
add_leaves(struct dpf_set *s, const struct dpf_filter *f, uint32_t id)
{
	ref_t recipe = dpf_recipe_find(s, f), residual = 0;
	int err = SP_EAGAIN;

	if (recipe != 0)
		err = dpf_recipe_follow(s, recipe, f, id);
	if (err != SP_EAGAIN)
		return err;
	err = SP_OK;
	if (f->nresidual > 0)
		err = dpf_residual_build(s, f, id, &residual);
	return err == SP_OK ? add_paths(s, f, id, residual, recipe == 0) : err;
}

/*
 * Make visible what was added: the trie first, whose new code also knows which
 * orders its tables may hold, then the tables, which may have to grow.
 */
static int
finish(struct dpf_set *s, const struct filter *f)
{
	int err = dpf_publish(s, true);
	bool waited = s->staged != 0;

	if (err < 0)
		return err;
	err = settle(s);
	for (ref_t r = f->leaves; waited && r != 0; r = leaf_at(s, r)->more)
		if (!leaf_at(s, r)->keyed && leaf_at(s, r)->form != 0)
			dpf_form_crowd(s, leaf_at(s, r)->form);
	return err < 0 ? err : dpf_publish(s, true);
}

/* A filter has gone. */
static void
clean_up(struct dpf_set *s)
{
	if (s->nfilters == 0) { /* nothing is left of what was */
		dpf_pool_scratch_end(s);
		dpf_recipe_forget(s, 0);
		s->dirty = true;
	}
	/* There is room for as much code as before; should the rest take more,
	 * the next change makes up for it. */
	if (dpf_publish(s, false) < 0)
		s->dirty = true;
}

int
dpf_set_insert(struct dpf_set *s, const struct dpf_filter *f, uint32_t id,
	uint32_t rank)
{
	struct filter *own;
	int err;

	if (id == 0 || id > DPF_MAX_ID || rank > DPF_MAX_RANK)
		return SP_EINVAL;
	if (find_filter(s, id) != NULL)
		return SP_EEXIST;
	own = add_filter(s, id);
	if (own == NULL)
		return SP_ENOMEM;
	own->rank = (uint16_t)rank;
	err = add_leaves(s, f, id);
	if (err == SP_OK)
		err = finish(s, own);
	if (err < 0) {
		unstage(s);
		drop_leaves(s, id);
		drop_filter(s, id);
		clean_up(s);
	}
	return err;
}

int
dpf_set_remove(struct dpf_set *s, uint32_t id)
{
	if (find_filter(s, id) == NULL)
		return SP_ENOENT;
	drop_leaves(s, id);
	drop_filter(s, id);
	clean_up(s);
	return SP_OK;
}

int
dpf_set_replace(struct dpf_set *s, uint32_t old, const struct dpf_filter *f,
	uint32_t id, uint32_t rank)
{
	int err;

	if (find_filter(s, old) == NULL)
		return SP_ENOENT;
	err = dpf_set_insert(s, f, id, rank);
	return err < 0 ? err : dpf_set_remove(s, old);
}

int
dpf_set_rename(struct dpf_set *s, uint32_t id, uint32_t to)
{
	struct filter *f = find_filter(s, id), *now;

	if (to == 0 || to > DPF_MAX_ID)
		return SP_EINVAL;
	if (f == NULL)
		return SP_ENOENT;
	if (find_filter(s, to) != NULL)
		return SP_EEXIST;
	now = add_filter(s, to);
	if (now == NULL)
		return SP_ENOMEM;
	now->rank = f->rank;
	now->leaves = f->leaves;
	dpf_tail_rename(s, id, to);
	dpf_residual_rename(s, id, to);
	for (ref_t r = now->leaves; r != 0; r = leaf_at(s, r)->more) {
		struct leaf *l = leaf_at(s, r);

		l->id = to & DPF_MAX_ID;
		if (l->keyed)
			dpf_table_rank(s, table_of(s, l), r);
		else
			s->dirty = true;
	}
	drop_filter(s, id);
	return dpf_publish(s, false);
}

static void
set_orders(struct dpf_set *s, const struct filter *f, uint32_t order)
{
	for (ref_t r = f->leaves; r != 0; r = leaf_at(s, r)->more)
		leaf_at(s, r)->order = (uint16_t)order;
}

int
dpf_set_rank(struct dpf_set *s, uint32_t id, uint32_t rank)
{
	struct filter *f = find_filter(s, id);
	uint32_t before;
	int err;

	if (f == NULL)
		return SP_ENOENT;
	if (rank > DPF_MAX_RANK)
		return SP_EINVAL;
	before = f->rank;
	f->rank = (uint16_t)rank;
	set_orders(s, f, rank + 1);
	for (ref_t r = f->leaves; r != 0; r = leaf_at(s, r)->more)
		if (!leaf_at(s, r)->keyed ||
			!dpf_table_expect(table_of(s, leaf_at(s, r)), rank + 1))
			s->dirty = true;
	err = dpf_publish(s, true);
	if (err < 0) {
		set_orders(s, f, before + 1);
		f->rank = (uint16_t)before;
		return err;
	}
	for (ref_t r = f->leaves; r != 0; r = leaf_at(s, r)->more)
		if (leaf_at(s, r)->keyed)
			dpf_table_rank(s, table_of(s, leaf_at(s, r)), r);
	return SP_OK;
}

/* --- reach ------------------------------------------------------------------- */

static uint32_t
end_of(ref_t base, uint32_t end)
{
	if (base == REF_LEN)
		return 0;
	return base == REF_FRAME ? end : UINT16_MAX;
}

static uint32_t
reach_of_test(const struct dpf_set *s, const struct test *t)
{
	const struct table *table = table_at(s, t->link.key);
	uint32_t reach = 0;

	if (t->kind == KIND_TAIL || t->kind == KIND_RESIDUAL)
		return 0; /* see below */
	if (t->kind != KIND_TABLE)
		return end_of(t->base, (uint32_t)t->off + t->width);
	for (uint32_t i = 0; i < table->ncols; i++) {
		const struct column *c = &table->col[i];
		uint32_t end = end_of(c->base, (uint32_t)c->off + c->width);

		reach = end > reach ? end : reach;
	}
	return reach;
}

uint32_t
dpf_set_reach(const struct dpf_set *s)
{
	uint32_t reach = dpf_tails_reach(s), own = dpf_residuals_reach(s);
	ref_t test = dpf_trie_walk(s, 0);

	reach = own > reach ? own : reach;
	for (; test != 0; test = dpf_trie_walk(s, test)) {
		own = reach_of_test(s, test_at(s, test));
		reach = own > reach ? own : reach;
	}
	return reach;
}
