/*
 * trie.c - places, tests and arms: a trie of paths.
 *
 * A new path follows the literals it shares with earlier ones and branches off
 * where it differs.  Every test of a place is an alternative; arms of one test
 * exclude each other.  emit.c turns the result into code.
 */
#include "dpf/trie.h"

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
	ref_t r = dpf_pool_alloc(s, sizeof(struct test));
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
	ref_t r = dpf_pool_alloc(s, sizeof(struct place));
	struct place *p;

	if (r == 0)
		return 0;
	p = place_at(s, r);
	p->link.key = key;
	p->parent = test;
	if (dpf_tree_add(s, &t->arms, r) != SP_OK) {
		dpf_pool_free(s, r, sizeof(struct place));
		return 0;
	}
	t->narms++;
	return r;
}

/* Take TEST, which has no arms, out of its place. */
static void
drop_test(struct dpf_set *s, ref_t test)
{
	const struct test *t = test_at(s, test);
	ref_t *at = &place_at(s, t->parent)->tests;

	while (*at != test)
		at = &test_at(s, *at)->link.next;
	*at = t->link.next;
	dpf_base_put(s, t->base);
	dpf_pool_free(s, test, sizeof(struct test));
}

void
dpf_trie_prune(struct dpf_set *s, ref_t place)
{
	const struct place *p = place_at(s, place);

	while (p->parent != 0 && p->tests == 0 && p->leaves == 0) {
		ref_t test = p->parent, above = test_at(s, test)->parent;
		struct test *t = test_at(s, test);

		dpf_tree_del(s, &t->arms, p->link.key);
		dpf_pool_free(s, place, sizeof(struct place));
		if (--t->narms > 0)
			return;
		drop_test(s, test);
		place = above;
		p = place_at(s, place);
	}
}

ref_t
dpf_trie_test(struct dpf_set *s, ref_t place, const struct literal *l)
{
	ref_t test = add_test(s, place, l);

	if (test != 0 && add_arm(s, test, 0) == 0) {
		drop_test(s, test);
		return 0;
	}
	return test;
}

/* Follow L from PLACE, growing the trie where needed; 0 when full. */
static ref_t
step(struct dpf_set *s, ref_t place, const struct literal *l)
{
	uint32_t key = l->kind == KIND_EQ ? l->value : 0;
	ref_t test = find_test(s, place_at(s, place), l), arm;

	if (test == 0)
		test = add_test(s, place, l);
	if (test == 0)
		return 0;
	arm = dpf_tree_find(s, test_at(s, test)->arms, key);
	if (arm == 0)
		arm = add_arm(s, test, key);
	if (arm == 0 && test_at(s, test)->narms == 0)
		drop_test(s, test);
	return arm;
}

ref_t
dpf_trie_grow(struct dpf_set *s, const struct literal *lits, uint32_t n)
{
	ref_t place = s->trie;

	for (uint32_t i = 0; i < n; i++) {
		ref_t next = step(s, place, &lits[i]);

		if (next == 0) {
			dpf_trie_prune(s, place);
			return 0;
		}
		place = next;
	}
	return place;
}

void
dpf_trie_values(const struct dpf_set *s, ref_t place, uint32_t n, uint32_t last,
	uint32_t *values)
{
	for (uint32_t i = n + last; i-- > 0;) {
		const struct place *p = place_at(s, place);

		if (i < n)
			values[i] = p->link.key;
		place = test_at(s, p->parent)->parent;
	}
}

ref_t
dpf_trie_arms(const struct dpf_set *s, ref_t test)
{
	struct test *t = test_at(s, test);

	if (s->notes == NULL) /* else their order is that of the code */
		t->first = dpf_tree_chain(s, t->arms);
	return t->first;
}

ref_t
dpf_trie_below(const struct dpf_set *s, ref_t root, ref_t test)
{
	ref_t place = root;

	if (test != 0)
		place = dpf_trie_arms(s, test);
	for (;;) {
		const struct place *p = place_at(s, place);

		if (p->tests != 0)
			return p->tests;
		for (;;) { /* up: all below PLACE is done */
			const struct test *t;

			if (place == root)
				return 0;
			place = place_at(s, place)->link.next;
			if (place != 0)
				break;
			t = test_at(s, p->parent);
			if (t->link.next != 0)
				return t->link.next;
			place = t->parent;
			p = place_at(s, place);
		}
	}
}

ref_t
dpf_trie_walk(const struct dpf_set *s, ref_t test)
{
	return dpf_trie_below(s, s->trie, test);
}

void
dpf_trie_changed(struct dpf_set *s)
{
	s->dirty = true;
	s->version++;
}
