/*
 * near.c - which filters of a set may share a frame with another one.
 *
 * Each path of the filter is followed through the trie: arms that it contradicts
 * are passed by, and where it has all fields of a table's key only one entry is
 * looked at.  On the way it shows for most of those that are met how they lie to
 * the filter, so that few have to be related one by one.
 */
#include "dpf/recipe.h"

#include <spindle/bytes.h>

enum {
	ROUTE = 48,     /* literals of a route that are known */
	LITERALS = 32,  /* more of a path prove nothing */
	MAX_COVER = 16, /* paths of a filter that can be told apart */
};

/* A path of the filter and the way to where the search is. */
struct search {
	struct dpf_set *s;
	uint16_t mark;
	uint16_t found; /* ids, chained through their filters */
	uint32_t npaths;
	bool whole; /* the literals are all of the path */
	/* A plan that is being made: it is for all values of fields in VARY. */
	struct plan *plan;
	uint32_t vary;
	const struct literal *lits;
	uint32_t n;
	uint32_t depth;     /* literals of the way */
	uint32_t uncertain; /* of those, what the path does not imply */
	struct literal route[ROUTE];
	struct {
		bool certain, only;
	} step[ROUTE];
};

/* --- what is met ------------------------------------------------------------- */

static struct filter *
meet(struct search *q, uint32_t id)
{
	struct filter *f = dpf_filter_of(q->s, id);

	if (f->mark == q->mark)
		return f;
	f->mark = q->mark;
	f->inside = f->cover = 0;
	f->next = q->found;
	q->found = (uint16_t)id;
	return f;
}

/* A leaf that the path may reach.  INSIDE: its frames are all the path's. */
static void
meet_leaf(struct search *q, ref_t leaf, bool certain, bool inside)
{
	struct leaf *l = leaf_at(q->s, leaf);
	struct filter *f = meet(q, l->id);

	if (certain && q->npaths < MAX_COVER)
		f->cover |= (uint16_t)(1u << q->npaths);
	if (inside && l->mark != q->mark && f->inside < UINT16_MAX) {
		l->mark = q->mark;
		f->inside++;
	}
}

/* Which literals of the path are not implied by the way?  All ones if that
 * cannot be said. */
static uint32_t
left_of_path(const struct search *q)
{
	uint32_t n = q->depth < ROUTE ? q->depth : ROUTE, left = 0;

	if (!q->whole || q->n > LITERALS)
		return UINT32_MAX;
	for (uint32_t i = 0; i < q->n; i++)
		if (dpf_literals_say(q->s, q->route, n, &q->lits[i]) !=
			SAYS_YES)
			left |= 1u << i;
	return left;
}

static void
meet_leaves(struct search *q, ref_t leaf, bool certain, bool inside)
{
	for (; leaf != 0; leaf = leaf_at(q->s, leaf)->next)
		meet_leaf(q, leaf, certain, inside);
}

/* --- plans ------------------------------------------------------------------- */

/* The search has looked at field T: does what it saw depend on constants that
 * vary? */
static void
note_look(struct search *q, const struct literal *t)
{
	if (q->plan == NULL || t->kind == KIND_BOUND || t->kind == KIND_TAIL ||
		t->kind == KIND_RESIDUAL)
		return;
	for (uint32_t i = 0; i < q->n; i++) {
		const struct literal *l = &q->lits[i];

		if ((q->vary >> i & 1) != 0 && l->base == t->base &&
			l->off < t->off + t->width &&
			t->off < l->off + l->width)
			q->plan->known = false;
	}
}

static void
note_leaves(struct search *q, ref_t leaf, bool certain, bool inside)
{
	struct plan *p = q->plan;

	if (p == NULL)
		return;
	if (p->nleaves == PLAN_LEAVES) {
		p->known = false;
		return;
	}
	p->leaf[p->nleaves].leaf = leaf;
	p->leaf[p->nleaves].certain = certain;
	p->leaf[p->nleaves++].inside = inside;
}

static const struct literal *exactly(
	const struct search *q, const struct literal *t);

/* All literals of the path that the way does not imply are fields of T's key. */
static bool
key_is_all(const struct search *q, const struct table *t, uint32_t left)
{
	const struct form *f = form_at(q->s, t->form);

	if (left == UINT32_MAX)
		return false;
	for (uint32_t i = 0; i < t->nfields; i++)
		if (t->field[i].col != TABLE_FIXED)
			left &= ~(1u << (exactly(q, &f->lit[i]) - q->lits));
	return left == 0;
}

/* A table whose key the path knows. */
static void
note_table(struct search *q, ref_t table, uint32_t left)
{
	const struct table *t = table_at(q->s, table);
	const struct form *f = form_at(q->s, t->form);
	struct plan *p = q->plan;

	if (p == NULL)
		return;
	if (p->ntables == PLAN_TABLES) {
		p->known = false;
		return;
	}
	p->table[p->ntables].table = table;
	p->table[p->ntables].certain = q->uncertain == 0;
	p->table[p->ntables].inside = key_is_all(q, t, left);
	for (uint32_t i = 0; i < t->nfields; i++)
		if (t->field[i].col != TABLE_FIXED)
			p->table[p->ntables].from[i] =
				(uint8_t)(exactly(q, &f->lit[i]) - q->lits);
	p->ntables++;
}

/* --- tables ------------------------------------------------------------------- */

/* The path's equation for a field, or NULL. */
static const struct literal *
exactly(const struct search *q, const struct literal *t)
{
	for (uint32_t i = 0; i < q->n; i++) {
		const struct literal *l = &q->lits[i];

		if (l->off == t->off && l->base == t->base &&
			l->mask == t->mask && l->width == t->width &&
			l->kind == KIND_EQ)
			return l;
	}
	return NULL;
}

/* Does the path know the whole key? */
static bool
knows_key(const struct search *q, const struct table *t, uint32_t *key)
{
	const struct form *f = form_at(q->s, t->form);
	uint32_t values[FORM_FIELDS];

	for (uint32_t i = 0; i < t->nfields; i++) {
		const struct literal *l;

		if (t->field[i].col == TABLE_FIXED)
			continue;
		l = exactly(q, &f->lit[i]);
		if (l == NULL)
			return false;
		values[i] = l->value;
	}
	dpf_table_key(t, values, key);
	return true;
}

/* What one entry has to do with the path; LEFT is what is left of that. */
static void
meet_entry(struct search *q, const struct table *t, ref_t entry, uint32_t left)
{
	const struct form *f = form_at(q->s, t->form);
	uint32_t values[FORM_FIELDS], n = 0;
	struct literal key[FORM_FIELDS];
	bool certain = q->uncertain == 0, inside = left != UINT32_MAX;

	dpf_table_values(q->s, t, entry_at(q->s, entry)->key, values);
	for (uint32_t i = 0; i < t->nfields; i++) {
		enum says what;

		if (t->field[i].col == TABLE_FIXED)
			continue;
		key[n] = f->lit[i];
		key[n].value = values[i];
		what = dpf_literals_say(q->s, q->lits, q->n, &key[n++]);
		if (what == SAYS_NO)
			return;
		certain &= what == SAYS_YES;
	}
	for (uint32_t i = 0; inside && i < q->n; i++)
		inside =
			(left >> i & 1) == 0 ||
			dpf_literals_say(q->s, key, n, &q->lits[i]) == SAYS_YES;
	meet_leaves(q, entry_at(q->s, entry)->leaves, certain, inside);
}

static void
search_table(struct search *q, ref_t table)
{
	const struct table *t = table_at(q->s, table);
	uint32_t key[TABLE_COLUMNS], bucket = 0, left = left_of_path(q);
	ref_t r;

	if (knows_key(q, t, key)) {
		note_table(q, table, left);
		for (r = dpf_table_find(q->s, t, key); r != 0;
			r = dpf_table_again(q->s, t, r))
			meet_entry(q, t, r, left);
		return;
	}
	if (q->plan != NULL)
		q->plan->known = false;
	r = dpf_table_first(q->s, t, &bucket);
	for (; r != 0; r = dpf_table_next(q->s, t, &bucket, r))
		meet_entry(q, t, r, left);
}

/* --- the trie ----------------------------------------------------------------- */

static void
enter_arm(struct search *q, const struct literal *t, bool certain, bool only)
{
	if (q->depth < ROUTE) {
		q->route[q->depth] = *t;
		q->step[q->depth].certain = certain;
		q->step[q->depth].only = only;
		q->uncertain += !certain;
	} else {
		q->uncertain++;
	}
	q->depth++;
}

/* The arm was the only one to be entered. */
static bool
leave_arm(struct search *q)
{
	q->depth--;
	if (q->depth >= ROUTE) {
		q->uncertain--;
		return false;
	}
	q->uncertain -= !q->step[q->depth].certain;
	return q->step[q->depth].only;
}

/* ARM or the first one behind it that the path does not contradict. */
static ref_t
enter_from(struct search *q, const struct test *t, ref_t arm)
{
	struct literal l = { .base = t->base,
		.mask = t->mask,
		.value = t->link.key,
		.off = t->off,
		.width = t->width,
		.kind = t->kind };

	for (; arm != 0; arm = place_at(q->s, arm)->link.next) {
		enum says what;

		if (t->kind == KIND_EQ)
			l.value = place_at(q->s, arm)->link.key;
		what = dpf_literals_say(q->s, q->lits, q->n, &l);
		if (what == SAYS_NO)
			continue;
		enter_arm(q, &l, what == SAYS_YES, false);
		return arm;
	}
	return 0;
}

/* The first arm of TEST to be entered, or 0. */
static ref_t
enter_test(struct search *q, ref_t test)
{
	struct test *t = test_at(q->s, test);
	struct literal l = { .base = t->base,
		.mask = t->mask,
		.off = t->off,
		.width = t->width,
		.kind = t->kind };
	const struct literal *own;
	ref_t arm;

	if (t->kind == KIND_TABLE) {
		search_table(q, t->link.key);
		return 0;
	}
	l.value = t->link.key;
	note_look(q, &l);
	own = t->kind == KIND_EQ ? exactly(q, &l) : NULL;
	if (own != NULL) {
		arm = dpf_tree_find(q->s, t->arms, own->value);
		if (arm != 0)
			enter_arm(q, own, true, true);
		return arm;
	}
	t->first = dpf_tree_chain(q->s, t->arms);
	return enter_from(q, t, t->first);
}

static void
meet_place(struct search *q, ref_t leaves)
{
	bool certain = q->uncertain == 0, inside = left_of_path(q) == 0;

	note_leaves(q, leaves, certain, inside);
	meet_leaves(q, leaves, certain, inside);
}

/* Follow the path through all of the trie. */
static void
follow(struct search *q)
{
	ref_t place = q->s->trie, test;

	q->depth = q->uncertain = 0;
	for (;;) {
		const struct place *p = place_at(q->s, place);

		if (p->leaves != 0)
			meet_place(q, p->leaves);
		test = p->tests;
		for (;;) {
			ref_t arm = 0;

			if (test != 0) {
				arm = enter_test(q, test);
			} else {
				test = place_at(q->s, place)->parent;
				if (test == 0)
					return;
				if (!leave_arm(q))
					arm = enter_from(q, test_at(q->s, test),
						place_at(q->s, place)
							->link.next);
				place = test_at(q->s, test)->parent;
			}
			if (arm != 0) {
				place = arm;
				break;
			}
			test = test_at(q->s, test)->link.next;
		}
	}
}

/* --- the filter --------------------------------------------------------------- */

static void
follow_path(
	struct search *q, const struct literal *lits, uint32_t n, bool whole)
{
	q->lits = lits;
	q->n = n;
	q->whole = whole;
	follow(q);
	q->npaths++;
}

static int
follow_walk(struct search *q, const struct dpf_filter *f)
{
	void *scratch = dpf_pool_scratch(q->s, dpf_walk_bytes(f));
	struct walk w;
	int err;

	if (scratch == NULL)
		return SP_ENOMEM;
	dpf_walk_start(&w, q->s, f, scratch);
	err = dpf_walk_get_bases(q->s, &w);
	while (err == SP_OK && dpf_walk_next(&w)) {
		for (uint32_t i = 0; i < w.nlits; i++)
			dpf_literal_key(&w.lits[i]);
		follow_path(q, w.lits, w.nlits,
			w.end == DPF_ACCEPT && f->nresidual == 0);
	}
	dpf_walk_put_bases(q->s, &w);
	return err;
}

/* Literals of a path of FORM; fields that are in the key of its table vary. */
static void
follow_form(struct search *q, const struct form *form, const uint32_t *values,
	struct plan *plan)
{
	struct literal lits[FORM_LITERALS];
	const struct table *t = table_at(q->s, form->table);

	q->vary = 0;
	for (uint32_t k = 0; k < form->n; k++) {
		lits[k] = form->lit[k];
		if (k >= form->nfields)
			continue;
		lits[k].value = values[k];
		if (plan != NULL && t->field[k].col != TABLE_FIXED)
			q->vary |= 1u << k;
	}
	q->plan = plan;
	follow_path(q, lits, form->n, true);
	q->plan = NULL;
}

static void
follow_plan(struct search *q, const struct plan *p, const uint32_t *values)
{
	uint32_t own[FORM_FIELDS], key[TABLE_COLUMNS];

	for (uint32_t i = 0; i < p->nleaves; i++)
		meet_leaves(q, p->leaf[i].leaf, p->leaf[i].certain,
			p->leaf[i].inside);
	for (uint32_t i = 0; i < p->ntables; i++) {
		const struct table *t = table_at(q->s, p->table[i].table);
		ref_t r;

		for (uint32_t k = 0; k < t->nfields; k++)
			if (t->field[k].col != TABLE_FIXED)
				own[k] = values[p->table[i].from[k]];
		dpf_table_key(t, own, key);
		for (r = dpf_table_find(q->s, t, key); r != 0;
			r = dpf_table_again(q->s, t, r))
			meet_leaves(q, entry_at(q->s, r)->leaves,
				p->table[i].certain, p->table[i].inside);
	}
	q->npaths++;
}

static void
follow_recipe(struct search *q, const struct dpf_filter *f, ref_t recipe)
{
	uint32_t values[FORM_FIELDS];

	for (uint32_t i = 0;; i++) {
		ref_t form = dpf_recipe_path(q->s, recipe, f, i, values);
		struct plan *p = dpf_recipe_plan(q->s, recipe, i);

		if (form == 0)
			return;
		if (!dpf_form_matches(q->s, form_at(q->s, form), values)) {
			follow_form(q, form_at(q->s, form), values, NULL);
		} else if (p->known && p->version == q->s->version) {
			follow_plan(q, p, values);
		} else {
			*p = (struct plan){ .version = q->s->version,
				.known = true };
			follow_form(q, form_at(q->s, form), values, p);
		}
	}
}

/* How the filter lies to that with ID, as far as the search has shown. */
static enum dpf_relation
relation_to(const struct search *q, uint32_t id)
{
	const struct filter *f = dpf_filter_of(q->s, id);
	uint32_t leaves = 0;
	bool inside, contains;

	for (ref_t r = f->leaves; r != 0 && leaves <= f->inside;
		r = leaf_at(q->s, r)->more)
		leaves++;
	contains = leaves == f->inside;
	inside = q->npaths <= MAX_COVER &&
		 f->cover == (uint16_t)((1u << q->npaths) - 1);
	if (inside)
		return contains ? DPF_EQUAL : DPF_INSIDE;
	return contains ? DPF_CONTAINS : DPF_UNDECIDED;
}

/* Marks are small: forget those of searches long ago. */
static void
new_mark(struct dpf_set *s)
{
	if (++s->mark != 0)
		return;
	s->mark = 1;
	for (uint32_t id = 1; id <= DPF_MAX_ID; id++) {
		struct filter *f = dpf_filter_of(s, id);

		if (f == NULL)
			continue;
		f->mark = 0;
		for (ref_t r = f->used ? f->leaves : 0; r != 0;
			r = leaf_at(s, r)->more)
			leaf_at(s, r)->mark = 0;
	}
}

/* Find all that F may meet. */
static int
search(struct search *q, const struct dpf_filter *f)
{
	ref_t recipe = dpf_recipe_find(q->s, f);

	new_mark(q->s);
	q->mark = q->s->mark;
	q->found = 0;
	q->npaths = 0;
	q->plan = NULL;
	if (recipe == 0 || !dpf_recipe_knows_paths(q->s, recipe))
		return follow_walk(q, f);
	follow_recipe(q, f, recipe);
	return SP_OK;
}

int
dpf_set_candidates(struct dpf_set *s, const struct dpf_filter *f,
	dpf_candidate *each, void *arg)
{
	ref_t r = dpf_pool_take(s, sizeof(struct search));
	struct search *q = trie_at(s, r);
	int err;

	if (r == 0)
		return SP_ENOMEM;
	q->s = s;
	err = search(q, f);
	for (uint32_t id = q->found; err >= 0 && id != 0;
		id = dpf_filter_of(s, id)->next)
		err = each(arg, id, relation_to(q, id));
	dpf_pool_free(s, r, sizeof(struct search));
	return err < 0 ? err : SP_OK;
}
