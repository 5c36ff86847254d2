/*
 * set.c - a set of filters as one trie: insert, remove, rank, reach.
 *
 * A new path follows the literals it shares with earlier ones and branches off
 * where it differs.  Every test of a place is an alternative; arms of one test
 * exclude each other.  emit.c turns the result into code.
 */
#include "dpf/trie.h"

#include <spindle/bytes.h>

enum { ALIGN = 8 };

static struct place *
place_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static struct test *
test_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static struct leaf *
leaf_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

/* An empty trie in an arena whose header is filled in. */
static int
reset(struct dpf_set *s)
{
	s->used = (sizeof(*s) + ALIGN - 1) & ~(uint32_t)(ALIGN - 1);
	s->scratch = s->max_arms = s->keep = s->nfilters = 0;
	s->free_small = s->free_big = s->filters = 0;
	for (unsigned i = 0; i < TRIE_BASE_HASH; i++)
		s->bases[i] = 0;
	s->root = dpf_arena_alloc(s, TRIE_BIG);
	return s->root == 0 ? SP_ENOMEM : SP_OK;
}

int
dpf_set_init(
	void *arena, size_t bytes, enum dpf_set_kind kind, struct dpf_set **out)
{
	size_t pad = -(uintptr_t)arena & (ALIGN - 1);
	struct dpf_set *s;
	uint8_t *mem = arena;

	if (bytes < pad || bytes - pad < sizeof(*s) + ALIGN)
		return SP_ENOMEM;
	bytes -= pad;
	if (bytes > INT32_MAX)
		bytes = INT32_MAX;
	s = (void *)(mem + pad);
	s->mem = mem + pad;
	s->bytes = (uint32_t)bytes & ~(uint32_t)(ALIGN - 1);
	s->kind = kind;
	*out = s;
	return reset(s);
}

/* --- one path ------------------------------------------------------------- */

static ref_t
find_test(
	const struct dpf_set *s, const struct place *p, const struct literal *l)
{
	for (ref_t r = p->tests; r != 0; r = test_at(s, r)->link.next) {
		const struct test *t = test_at(s, r);

		if (t->base == l->base && t->off == l->off &&
			t->mask == l->mask && t->width == l->width &&
			t->kind == l->kind &&
			(t->kind == KIND_EQ || t->link.key == l->value))
			return r;
	}
	return 0;
}

static ref_t
add_test(struct dpf_set *s, ref_t place, const struct literal *l)
{
	ref_t r = dpf_arena_alloc(s, TRIE_BIG);
	struct place *p = place_at(s, place);
	struct test *t;

	if (r == 0)
		return 0;
	t = test_at(s, r);
	t->link.key = l->kind == KIND_EQ ? 0 : l->value;
	t->link.next = p->tests;
	p->tests = r;
	t->parent = place;
	t->base = l->base;
	t->off = l->off;
	t->mask = l->mask;
	t->width = l->width;
	t->kind = l->kind;
	dpf_base_ref(s, t->base);
	return r;
}

static ref_t
add_arm(struct dpf_set *s, ref_t test, uint32_t key)
{
	struct test *t = test_at(s, test);
	ref_t r = dpf_arena_alloc(s, TRIE_BIG);
	struct place *p;

	if (r == 0)
		return 0;
	p = place_at(s, r);
	p->link.key = key;
	p->parent = test;
	if (dpf_tree_add(s, &t->arms, r) != SP_OK) {
		dpf_arena_free(s, r, TRIE_BIG);
		return 0;
	}
	if (t->narms++ == s->max_arms)
		s->max_arms++;
	return r;
}

/* Give back PLACE and what is above it as far as no path needs it. */
static void
prune(struct dpf_set *s, ref_t place)
{
	const struct place *p = place_at(s, place);

	while (p->parent != 0 && p->tests == 0 && p->leaves == 0) {
		ref_t test = p->parent;
		struct test *t = test_at(s, test);
		ref_t *at = &place_at(s, t->parent)->tests;

		dpf_tree_del(s, &t->arms, p->link.key);
		dpf_arena_free(s, place, TRIE_BIG);
		place = t->parent;
		p = place_at(s, place);
		if (--t->narms > 0)
			return;
		while (*at != test)
			at = &test_at(s, *at)->link.next;
		*at = t->link.next;
		dpf_base_put(s, t->base);
		dpf_arena_free(s, test, TRIE_BIG);
	}
}

/* Follow L from PLACE, growing the trie where needed; 0 when full. */
static ref_t
step(struct dpf_set *s, ref_t place, const struct literal *l)
{
	uint32_t key = l->kind == KIND_EQ ? l->value : 0;
	ref_t test = find_test(s, place_at(s, place), l), arm = 0;

	if (test == 0)
		test = add_test(s, place, l);
	if (test == 0)
		return 0;
	arm = dpf_tree_find(s, test_at(s, test)->arms, key);
	if (arm == 0)
		arm = add_arm(s, test, key);
	if (arm == 0 && test_at(s, test)->narms == 0) {
		struct test *t = test_at(s, test);
		struct place *p = place_at(s, place);

		p->tests = t->link.next; /* it was the newest */
		dpf_base_put(s, t->base);
		dpf_arena_free(s, test, TRIE_BIG);
	}
	return arm;
}

static int
add_leaf(struct dpf_set *s, ref_t place, ref_t filter)
{
	struct place *p = place_at(s, place);
	struct filter *f = trie_at(s, filter);
	struct leaf *l;
	ref_t r;

	/* Only one filter is being inserted: its leaf would be the newest. */
	if (p->leaves != 0 && leaf_at(s, p->leaves)->filter == filter)
		return SP_OK;
	r = dpf_arena_alloc(s, TRIE_SMALL);
	if (r == 0)
		return SP_ENOMEM;
	l = leaf_at(s, r);
	l->next = p->leaves;
	p->leaves = r;
	l->more = f->leaves;
	f->leaves = r;
	l->place = place;
	l->filter = filter;
	return SP_OK;
}

static int
add_path(struct dpf_set *s, struct literal *lits, uint32_t n, ref_t filter)
{
	ref_t place = s->root;

	for (uint32_t i = 0; i < n; i++) {
		ref_t next;

		dpf_literal_key(&lits[i]);
		next = step(s, place, &lits[i]);
		if (next == 0) {
			prune(s, place);
			return SP_ENOMEM;
		}
		place = next;
	}
	if (add_leaf(s, place, filter) == SP_OK)
		return SP_OK;
	prune(s, place);
	return SP_ENOMEM;
}

/* --- one filter ----------------------------------------------------------- */

static void
remove_leaves(struct dpf_set *s, const struct filter *f)
{
	ref_t r = f->leaves;

	while (r != 0) {
		const struct leaf *l = leaf_at(s, r);
		ref_t place = l->place, more = l->more;
		ref_t *at = &place_at(s, place)->leaves;

		while (*at != r)
			at = &leaf_at(s, *at)->next;
		*at = l->next;
		dpf_arena_free(s, r, TRIE_SMALL);
		prune(s, place);
		r = more;
	}
}

/* Intern the bases that paths use; give all back when one does not fit. */
static int
get_bases(struct dpf_set *s, struct walk *w, uint32_t *got)
{
	const struct dpf_filter *f = w->filter;

	w->bases[0] = REF_FRAME;
	for (uint32_t i = 1; i <= f->nbases; i++) {
		if (!dpf_walk_uses(w, i))
			continue;
		w->bases[i] = dpf_base_get(
			s, &f->bases[i - 1], w->bases[f->bases[i - 1].from]);
		if (w->bases[i] == 0)
			return SP_ENOMEM;
		*got |= BIT(i);
	}
	return SP_OK;
}

static void
put_bases(struct dpf_set *s, const struct walk *w, uint32_t got)
{
	for (uint32_t i = 1; i <= DPF_MAX_BASES; i++)
		if (got & BIT(i))
			dpf_base_put(s, w->bases[i]);
}

/* The literal that ends a path at a tail. */
static void
end_with_tail(struct walk *w)
{
	w->lits[w->nlits++] = (struct literal){ .kind = KIND_TAIL,
		.value = w->tails[w->end] };
}

static int
add_paths(struct dpf_set *s, const struct dpf_filter *f, void *scratch,
	ref_t filter)
{
	struct walk w;
	uint32_t got = 0;
	int err;

	dpf_walk_start(&w, s, f, scratch);
	err = get_bases(s, &w, &got);
	if (err == SP_OK && w.has_tail)
		err = dpf_tail_build(
			s, &w, &((struct filter *)trie_at(s, filter))->tail);
	while (err == SP_OK && dpf_walk_next(&w)) {
		if (w.end != DPF_ACCEPT)
			end_with_tail(&w);
		err = add_path(s, w.lits, w.nlits, filter);
	}
	put_bases(s, &w, got);
	return err;
}

static void
drop_filter(struct dpf_set *s, ref_t r)
{
	struct filter *f = trie_at(s, r);

	remove_leaves(s, f);
	dpf_tail_free(s, f->tail);
	dpf_tree_del(s, &s->filters, f->link.key);
	dpf_arena_free(s, r, TRIE_SMALL);
	s->nfilters--;
}

static ref_t
add_filter(struct dpf_set *s, uint32_t id, uint32_t rank)
{
	ref_t r = dpf_arena_alloc(s, TRIE_SMALL);
	struct filter *f;

	if (r == 0)
		return 0;
	f = trie_at(s, r);
	f->link.key = id;
	f->rank = rank;
	if (dpf_tree_add(s, &s->filters, r) != SP_OK) {
		dpf_arena_free(s, r, TRIE_SMALL);
		return 0;
	}
	s->nfilters++;
	return r;
}

int
dpf_set_insert(struct dpf_set *s, const struct dpf_filter *f, uint32_t id,
	uint32_t rank)
{
	uint32_t max_arms = s->max_arms, keep = s->keep;
	void *scratch;
	ref_t r;
	int err = SP_ENOMEM;

	if (id == 0 || id > DPF_MAX_ID)
		return SP_EINVAL;
	if (dpf_tree_find(s, s->filters, id) != 0)
		return SP_EEXIST;
	scratch = dpf_arena_scratch(s, dpf_walk_bytes(f));
	if (scratch == NULL)
		return SP_ENOMEM;
	if (s->scratch > keep)
		s->keep = s->scratch;
	r = add_filter(s, id, rank);
	if (r != 0)
		err = add_paths(s, f, scratch, r);
	dpf_arena_scratch_end(s);
	if (err == SP_OK && !dpf_arena_has_reserve(s))
		err = SP_ENOMEM;
	if (err < 0) {
		if (r != 0)
			drop_filter(s, r);
		s->max_arms = max_arms;
		s->keep = keep;
	}
	return err;
}

int
dpf_set_remove(struct dpf_set *s, uint32_t id)
{
	ref_t r = dpf_tree_find(s, s->filters, id);

	if (r == 0)
		return SP_ENOENT;
	drop_filter(s, r);
	/* An empty set is as good as a new one, without fragments. */
	return s->nfilters == 0 ? reset(s) : SP_OK;
}

int
dpf_set_rename(struct dpf_set *s, uint32_t id, uint32_t to)
{
	ref_t r = dpf_tree_find(s, s->filters, id);

	if (to == 0 || to > DPF_MAX_ID)
		return SP_EINVAL;
	if (r == 0)
		return SP_ENOENT;
	if (dpf_tree_find(s, s->filters, to) != 0)
		return SP_EEXIST;
	dpf_tree_del(s, &s->filters, id);
	((struct filter *)trie_at(s, r))->link.key = to;
	/* It takes the block that has just been given back, if any. */
	return dpf_tree_add(s, &s->filters, r);
}

int
dpf_set_rank(struct dpf_set *s, uint32_t id, uint32_t rank)
{
	ref_t r = dpf_tree_find(s, s->filters, id);

	if (r == 0)
		return SP_ENOENT;
	((struct filter *)trie_at(s, r))->rank = rank;
	return SP_OK;
}

/* --- reach ---------------------------------------------------------------- */

static uint32_t
reach_of_leaf(const struct dpf_set *s, const struct leaf *l)
{
	const struct place *p = trie_at(s, l->place);
	uint32_t reach = 0;

	while (p->parent != 0) {
		const struct test *t = trie_at(s, p->parent);
		uint32_t end = (uint32_t)t->off + t->width;

		if (t->base != REF_FRAME && t->base != REF_LEN)
			return UINT16_MAX;
		if (t->base == REF_FRAME && end > reach)
			reach = end;
		p = trie_at(s, t->parent);
	}
	return reach;
}

uint32_t
dpf_set_reach(const struct dpf_set *s)
{
	uint32_t reach = 0;

	for (ref_t r = dpf_tree_chain(s, s->filters); r != 0;) {
		const struct filter *f = trie_at(s, r);
		uint32_t tail = dpf_tail_reach(s, f->tail);
		ref_t l = f->leaves;

		reach = tail > reach ? tail : reach;
		for (; l != 0; l = ((struct leaf *)trie_at(s, l))->more) {
			uint32_t own = reach_of_leaf(s, trie_at(s, l));

			reach = own > reach ? own : reach;
		}
		r = f->link.next;
	}
	return reach;
}
