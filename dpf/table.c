/*
 * table.c - hash tables that generated code reads while they change.
 *
 * An entry is complete before the one store that links it, and unlinked by one
 * store before its memory is given back, so a frame that is classified at any
 * moment meets the table as it was or as it will be.  A table that grows is
 * built anew beside the old one; the code that knows the new one publishes it.
 */
#include "dpf/table.h"

static uint32_t
address_of(const struct dpf_set *s, ref_t r)
{
	return s->address + r;
}

static ref_t
ref_of(const struct dpf_set *s, uint32_t address)
{
	return address - s->address;
}

static bool
is_dummy(const struct table *t, ref_t r)
{
	return r == t->now.dummy[0] || r == t->now.dummy[1];
}

/* The first entry of bucket I, or 0. */
static ref_t
first_in(const struct dpf_set *s, const struct table *t, uint32_t i)
{
	ref_t r = ref_of(s, *bucket_at(s, t, i));

	return is_dummy(t, r) ? 0 : r;
}

static ref_t
next_of(const struct dpf_set *s, const struct table *t, const struct entry *e)
{
	uint32_t next = e->next[t->turn];

	return next == 0 ? 0 : ref_of(s, next);
}

ref_t
dpf_table_first(
	const struct dpf_set *s, const struct table *t, uint32_t *bucket)
{
	for (; *bucket < 1u << t->now.hash.bits; (*bucket)++) {
		ref_t r = first_in(s, t, *bucket);

		if (r != 0)
			return r;
	}
	return 0;
}

ref_t
dpf_table_next(const struct dpf_set *s, const struct table *t, uint32_t *bucket,
	ref_t entry)
{
	ref_t r = next_of(s, t, entry_at(s, entry));

	if (r != 0)
		return r;
	(*bucket)++;
	return dpf_table_first(s, t, bucket);
}

static bool
same_key(const struct table *t, const uint32_t *a, const uint32_t *b)
{
	for (uint32_t i = 0; i < t->ncols; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static uint32_t
hash(const struct table *t, const uint32_t *key)
{
	return dpf_hash(&t->now.hash, key, t->ncols);
}

/* R or the first entry behind it that has KEY. */
static ref_t
with_key(const struct dpf_set *s, const struct table *t, ref_t r,
	const uint32_t *key)
{
	while (r != 0 && !same_key(t, entry_at(s, r)->key, key))
		r = next_of(s, t, entry_at(s, r));
	return r;
}

ref_t
dpf_table_find(
	const struct dpf_set *s, const struct table *t, const uint32_t *key)
{
	return with_key(s, t, first_in(s, t, hash(t, key)), key);
}

ref_t
dpf_table_again(const struct dpf_set *s, const struct table *t, ref_t entry)
{
	const struct entry *e = entry_at(s, entry);

	return with_key(s, t, next_of(s, t, e), e->key);
}

/* --- leaves ------------------------------------------------------------------ */

static uint32_t
value_of(const struct dpf_set *s, ref_t leaf)
{
	const struct leaf *l = leaf_at(s, leaf);

	return (uint32_t)l->order << 16 | l->id;
}

/* Among leaves of one key: better orders first. */
static void
add_leaf(const struct dpf_set *s, struct entry *e, ref_t leaf)
{
	uint32_t order = leaf_at(s, leaf)->order;
	ref_t *at = &e->leaves;

	while (*at != 0 && leaf_at(s, *at)->order >= order)
		at = &leaf_at(s, *at)->next;
	leaf_at(s, leaf)->next = *at;
	*at = leaf;
}

static void
drop_leaf(const struct dpf_set *s, struct entry *e, ref_t leaf)
{
	ref_t *at = &e->leaves;

	while (*at != leaf)
		at = &leaf_at(s, *at)->next;
	*at = leaf_at(s, leaf)->next;
}

/* The code sees which leaf of E is the best now. */
static void
show_best(const struct dpf_set *s, struct entry *e)
{
	uint32_t value = value_of(s, e->leaves);

	if (e->value != value)
		dpf_write(s, &e->value, value);
}

static void
note_order(struct table *t, uint32_t order)
{
	if (order < t->min)
		t->min = (uint16_t)order;
	if (order > t->max)
		t->max = (uint16_t)order;
}

ref_t
dpf_table_leaf(struct dpf_set *s, struct table *t, const uint32_t *key,
	uint32_t id, uint16_t order)
{
	ref_t r = dpf_pool_take(s, sizeof(struct leaf)), entry;
	struct entry *e;

	if (r == 0)
		return 0;
	entry = dpf_pool_take(s, dpf_entry_bytes(t));
	if (entry == 0) {
		dpf_pool_free(s, r, sizeof(struct leaf));
		return 0;
	}
	*leaf_at(s, r) = (struct leaf){ .at = entry,
		.form = t->form,
		.keyed = true,
		.id = id & DPF_MAX_ID,
		.order = order };
	e = entry_at(s, entry);
	e->leaves = r;
	dpf_write(s, &e->value, value_of(s, r));
	for (uint32_t i = 0; i < t->ncols; i++)
		dpf_write(s, &e->key[i], key[i]);
	return r;
}

uint32_t
dpf_table_depth(const struct dpf_set *s, const struct table *t, ref_t leaf,
	uint32_t *alike)
{
	const struct entry *e = entry_at(s, leaf_at(s, leaf)->at);
	ref_t r = first_in(s, t, hash(t, e->key));
	uint32_t n = 1;

	*alike = 1;
	for (; r != 0; r = next_of(s, t, entry_at(s, r))) {
		bool same = same_key(t, entry_at(s, r)->key, e->key);

		if (same && s->kind == DPF_SET_ONE)
			return 0;
		*alike += same;
		n++;
	}
	return n;
}

/* An entry is to be linked where LENGTH others are. */
static void
note_meeting(struct dpf_set *s, struct table *t, uint32_t length)
{
	t->met += length;
	if (s->kind == DPF_SET_ONE && t->met > t->allow)
		t->most = 0; /* try another function */
}

/* Make entry R visible in bucket I, where FIRST is the first. */
static void
link_entry(struct dpf_set *s, struct table *t, ref_t r, uint32_t i, ref_t first)
{
	struct entry *e = entry_at(s, r);

	dpf_write(s, &e->next[t->turn], first == 0 ? 0 : address_of(s, first));
	dpf_write(s, bucket_at(s, t, i), address_of(s, r));
	t->nentries++;
}

void
dpf_table_link(struct dpf_set *s, struct table *t, ref_t r)
{
	uint32_t i = hash(t, entry_at(s, r)->key);

	link_entry(s, t, r, i, first_in(s, t, i));
}

/* What a bucket without entries holds. */
static uint32_t
nothing(const struct dpf_set *s, const struct table *t, uint32_t bucket)
{
	const struct entry *e = entry_at(s, t->now.dummy[0]);

	return address_of(s, t->now.dummy[hash(t, e->key) == bucket]);
}

static void
unlink_entry(struct dpf_set *s, struct table *t, ref_t r)
{
	uint32_t i = hash(t, entry_at(s, r)->key), *at = bucket_at(s, t, i);
	uint32_t next = entry_at(s, r)->next[t->turn];

	if (next == 0 && ref_of(s, *at) == r)
		next = nothing(s, t, i);
	while (ref_of(s, *at) != r)
		at = &entry_at(s, ref_of(s, *at))->next[t->turn];
	dpf_write(s, at, next);
	t->nentries--;
}

void
dpf_table_put(struct dpf_set *s, struct table *t, ref_t leaf)
{
	struct leaf *l = leaf_at(s, leaf);
	struct entry *e = entry_at(s, l->at);
	uint32_t length = 0, i = hash(t, e->key);
	ref_t first = first_in(s, t, i), r = first;

	for (; r != 0; r = next_of(s, t, entry_at(s, r))) {
		if (s->kind == DPF_SET_ONE &&
			same_key(t, entry_at(s, r)->key, e->key))
			break;
		length++;
	}
	if (r == 0) {
		note_meeting(s, t, length);
		note_order(t, l->order);
		link_entry(s, t, l->at, i, first);
		return;
	}
	dpf_pool_free(s, l->at, dpf_entry_bytes(t));
	l->at = r;
	e = entry_at(s, r);
	add_leaf(s, e, leaf);
	note_order(t, l->order);
	show_best(s, e);
}

/* Old buckets may still lead to an entry that has gone. */
static void
free_entry(struct dpf_set *s, struct table *t, ref_t r)
{
	if (t->old.at == 0) {
		dpf_pool_free(s, r, dpf_entry_bytes(t));
		return;
	}
	entry_at(s, r)->leaves = t->limbo;
	t->limbo = r;
}

void
dpf_table_take(struct dpf_set *s, struct table *t, ref_t leaf)
{
	ref_t entry = leaf_at(s, leaf)->at;
	struct entry *e = entry_at(s, entry);

	drop_leaf(s, e, leaf);
	dpf_pool_free(s, leaf, sizeof(struct leaf));
	if (e->leaves != 0) {
		show_best(s, e);
		return;
	}
	unlink_entry(s, t, entry);
	free_entry(s, t, entry);
}

void
dpf_table_rank(struct dpf_set *s, struct table *t, ref_t leaf)
{
	const struct leaf *l = leaf_at(s, leaf);
	struct entry *e = entry_at(s, l->at);

	drop_leaf(s, e, leaf);
	add_leaf(s, e, leaf);
	note_order(t, l->order);
	show_best(s, e);
}

bool
dpf_table_expect(struct table *t, uint32_t order)
{
	note_order(t, order);
	return t->live && order >= t->lo && order <= t->hi;
}
