/*
 * build.c - make a hash table of the paths of a form, or make it anew.
 *
 * What the live code reads stays as it is: entries are copied into new buckets
 * under a hash function of their own, then the leaves change sides.  Either all
 * memory that takes is there or nothing happens.
 */
#include "dpf/table.h"

enum {
	MIN_BITS = 4,
	MAX_BITS = 17,
	MANY = 4096,
	MIN_ALLOW = 16,
};

/* --- memory ------------------------------------------------------------------ */

static void
free_chain(struct dpf_set *s, const struct table *t, ref_t first)
{
	while (first != 0) {
		ref_t next = entry_at(s, first)->next[t->turn];

		dpf_pool_free(s, first, dpf_entry_bytes(t));
		first = next;
	}
}

/* N entries for T, chained by reference; 0: full. */
static ref_t
blank_entries(struct dpf_set *s, const struct table *t, uint32_t n)
{
	ref_t first = 0;

	while (n-- > 0) {
		ref_t r = dpf_pool_take(s, dpf_entry_bytes(t));

		if (r == 0) {
			free_chain(s, t, first);
			return 0;
		}
		entry_at(s, r)->next[t->turn] = first;
		first = r;
	}
	return first;
}

static void
free_buckets(struct dpf_set *s, const struct table *t, struct buckets *b)
{
	dpf_pool_free(s, b->at, 4u << b->hash.bits);
	dpf_pool_free(s, b->dummy[0], dpf_entry_bytes(t));
	dpf_pool_free(s, b->dummy[1], dpf_entry_bytes(t));
	b->at = b->dummy[0] = b->dummy[1] = 0;
}

static void
free_limbo(struct dpf_set *s, struct table *t)
{
	while (t->limbo != 0) {
		ref_t r = t->limbo;

		t->limbo = entry_at(s, r)->leaves;
		dpf_pool_free(s, r, dpf_entry_bytes(t));
	}
}

/* Nothing reads TABLE any more. */
static void
free_table(struct dpf_set *s, ref_t table)
{
	struct table *t = table_at(s, table);
	uint32_t bucket = 0;
	ref_t r = dpf_table_first(s, t, &bucket);

	while (r != 0) {
		ref_t next = dpf_table_next(s, t, &bucket, r);

		dpf_pool_free(s, r, dpf_entry_bytes(t));
		r = next;
	}
	free_buckets(s, t, &t->now);
	free_buckets(s, t, &t->old);
	free_limbo(s, t);
	for (uint32_t i = 0; i < t->ncols; i++)
		dpf_base_put(s, t->col[i].base);
	dpf_pool_free(s, table, sizeof(struct table));
}

/* The set has TABLE no more; what live code reads is freed later. */
static void
retire(struct dpf_set *s, ref_t table)
{
	struct table *t = table_at(s, table);

	if (!t->live && t->old.at == 0) {
		free_table(s, table);
		return;
	}
	t->next = s->retired;
	s->retired = table;
}

/* The least order that all tests above TABLE can stand. */
static uint16_t
cap_of(const struct dpf_set *s, const struct table *t)
{
	uint16_t cap = UINT16_MAX;

	for (ref_t r = t->test; r != 0;) {
		const struct test *test = test_at(s, r);

		cap = test->cap < cap ? test->cap : cap;
		if (test->head != 0 && test_at(s, test->head)->cap < cap)
			cap = test_at(s, test->head)->cap;
		r = place_at(s, test->parent)->parent;
	}
	return cap;
}

static void
settle(struct dpf_set *s, ref_t table)
{
	struct table *t = table_at(s, table);

	t->live = true;
	t->hi = cap_of(s, t);
	free_buckets(s, t, &t->old);
	free_limbo(s, t);
}

void
dpf_table_settle(struct dpf_set *s)
{
	for (unsigned i = 0; i < TRIE_FORM_HASH; i++)
		for (ref_t r = s->forms[i]; r != 0; r = form_at(s, r)->next)
			if (form_at(s, r)->table != 0)
				settle(s, form_at(s, r)->table);
	while (s->retired != 0) {
		ref_t table = s->retired;

		s->retired = table_at(s, table)->next;
		free_table(s, table);
	}
}

/* --- buckets ----------------------------------------------------------------- */

static uint32_t
home_of(const struct dpf_set *s, const struct table *t, ref_t entry)
{
	return dpf_hash(&t->now.hash, entry_at(s, entry)->key, t->ncols);
}

/* A dummy; the second lies in another bucket than the first. */
static void
make_dummy(const struct dpf_set *s, const struct table *t, unsigned i)
{
	ref_t r = t->now.dummy[i];
	struct entry *e = entry_at(s, r);

	dpf_write(s, &e->next[0], 0);
	dpf_write(s, &e->next[1], 0);
	dpf_write(s, &e->value, 0);
	e->leaves = 0;
	for (uint32_t k = 0; k < t->ncols; k++)
		dpf_write(s, &e->key[k], 0);
	for (uint32_t k = 0; i > 0 && k < 32u * t->ncols; k++) {
		dpf_write(s, &e->key[k / 32], 1u << k % 32);
		if (home_of(s, t, r) != home_of(s, t, t->now.dummy[0]))
			return;
		dpf_write(s, &e->key[k / 32], 0);
	}
}

/* Growing is dear and buckets are cheap, as long as there are not too many. */
static unsigned
bits_for(uint32_t n)
{
	uint32_t least = n < MANY ? 3 * n : 2 * n;
	unsigned bits = MIN_BITS;

	while (bits < MAX_BITS && 1u << bits < least)
		bits++;
	return bits;
}

/* Empty buckets and a hash function for the N entries chained from FIRST, which
 * have keys. */
static int
make_buckets(struct dpf_set *s, struct table *t, ref_t first, uint32_t n)
{
	unsigned bits = bits_for(n);
	struct buckets *b = &t->now;
	uint32_t home;

	b->at = dpf_pool_take(s, 4u << bits);
	b->dummy[0] = dpf_pool_take(s, dpf_entry_bytes(t));
	b->dummy[1] = dpf_pool_take(s, dpf_entry_bytes(t));
	if (b->at == 0 || b->dummy[0] == 0 || b->dummy[1] == 0) {
		b->hash.bits = (uint8_t)bits;
		free_buckets(s, t, b);
		return SP_ENOMEM;
	}
	dpf_hash_choose(s, t, first, n, bits, trie_at(s, b->at));
	make_dummy(s, t, 0);
	make_dummy(s, t, 1);
	home = home_of(s, t, b->dummy[0]);
	dpf_fill(s, bucket_at(s, t, 0), s->address + b->dummy[0], 1u << bits);
	dpf_write(s, bucket_at(s, t, home), s->address + b->dummy[1]);
	t->nentries = 0;
	t->most = bits == MAX_BITS ? UINT32_MAX : (3u << bits) / 4;
	t->allow = UINT32_MAX; /* while entries move */
	return SP_OK;
}

/* Other keys may meet less often, once so many more have met. */
static void
allow(struct table *t)
{
	t->allow = 2 * t->met + t->nentries / 2 + MIN_ALLOW;
}

/* --- moving ------------------------------------------------------------------- */

/* Keys for the entries chained from BLANK: those of OLD, then plain leaves. */
static void
fill_keys(struct dpf_set *s, const struct table *t, ref_t old, ref_t blank)
{
	const struct form *f = form_at(s, t->form);
	const struct table *o = table_at(s, old);
	uint32_t values[FORM_FIELDS], bucket = 0;
	ref_t r = old == 0 ? 0 : dpf_table_first(s, o, &bucket);

	for (; r != 0; r = dpf_table_next(s, o, &bucket, r)) {
		dpf_table_values(s, o, entry_at(s, r)->key, values);
		dpf_table_key(t, values, entry_at(s, blank)->key);
		blank = entry_at(s, blank)->next[t->turn];
	}
	for (r = f->plain; r != 0; r = leaf_at(s, r)->peer) {
		dpf_trie_values(s, leaf_at(s, r)->at, f->nfields,
			f->n - f->nfields, values);
		dpf_table_key(t, values, entry_at(s, blank)->key);
		blank = entry_at(s, blank)->next[t->turn];
	}
}

/* The leaves of an entry of another table become those of ENTRY. */
static void
move_entry(struct dpf_set *s, struct table *t, ref_t from, ref_t entry)
{
	struct entry *e = entry_at(s, entry);

	e->leaves = entry_at(s, from)->leaves;
	for (ref_t r = e->leaves; r != 0; r = leaf_at(s, r)->next)
		leaf_at(s, r)->at = entry;
	dpf_write(s, &e->value, entry_at(s, from)->value);
	dpf_table_link(s, t, entry);
}

/* A plain leaf becomes one of T. */
static void
move_leaf(struct dpf_set *s, struct table *t, ref_t leaf, ref_t entry)
{
	struct leaf *l = leaf_at(s, leaf);
	ref_t place = l->at, *at = &place_at(s, place)->leaves;

	while (*at != leaf)
		at = &leaf_at(s, *at)->next;
	*at = l->next;
	dpf_trie_prune(s, place);
	l->at = entry;
	l->keyed = true;
	l->next = l->peer = 0;
	entry_at(s, entry)->leaves = leaf;
	dpf_write(s, &entry_at(s, entry)->value,
		(uint32_t)l->order << 16 | l->id);
	dpf_table_put(s, t, leaf);
}

static void
move_all(struct dpf_set *s, struct table *t, ref_t old, ref_t blank)
{
	struct form *f = form_at(s, t->form);
	uint32_t bucket = 0;
	ref_t r = 0;

	if (old != 0)
		r = dpf_table_first(s, table_at(s, old), &bucket);
	while (r != 0) {
		ref_t next = entry_at(s, blank)->next[t->turn];

		move_entry(s, t, r, blank);
		r = dpf_table_next(s, table_at(s, old), &bucket, r);
		blank = next;
	}
	while (f->plain != 0) {
		ref_t next = entry_at(s, blank)->next[t->turn], leaf = f->plain;

		f->plain = leaf_at(s, leaf)->peer;
		f->nplain--;
		move_leaf(s, t, leaf, blank);
		blank = next;
	}
	allow(t);
	dpf_chain_limit(s, t);
}

/* --- the trie ----------------------------------------------------------------- */

/* What a path to the table has to test: all but the fields of its key. */
static uint32_t
path_to(const struct form *f, const struct table *t, struct literal *lits)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		if (i < f->nfields && t->field[i].col != TABLE_FIXED)
			continue;
		lits[n] = f->lit[i];
		if (i < f->nfields)
			lits[n].value = t->fixed[i];
		n++;
	}
	return n;
}

/* The test stands for that base of the columns which lies deepest. */
static ref_t
base_of(const struct dpf_set *s, const struct table *t)
{
	ref_t base = t->col[0].base;

	for (uint32_t i = 1; i < t->ncols; i++)
		if (dpf_base_compare(s, t->col[i].base, base) > 0)
			base = t->col[i].base;
	return base;
}

static int
hang_up(struct dpf_set *s, ref_t table)
{
	struct table *t = table_at(s, table);
	struct literal lits[FORM_LITERALS];
	struct literal l = {
		.kind = KIND_TABLE, .value = table, .base = base_of(s, t)
	};
	ref_t place =
		dpf_trie_grow(s, lits, path_to(form_at(s, t->form), t, lits));

	if (place == 0)
		return SP_ENOMEM;
	t->test = dpf_trie_test(s, place, &l);
	if (t->test == 0)
		dpf_trie_prune(s, place);
	return t->test == 0 ? SP_ENOMEM : SP_OK;
}

static void
take_down(struct dpf_set *s, ref_t table)
{
	const struct test *t = test_at(s, table_at(s, table)->test);

	dpf_trie_prune(s, dpf_tree_find(s, t->arms, 0));
}

/* --- what others see ---------------------------------------------------------- */

/* Entries, buckets, a place in the trie; undone when one of them is missing. */
static int
complete(struct dpf_set *s, ref_t table, ref_t old, ref_t *blank)
{
	struct table *t = table_at(s, table);
	uint32_t n = form_at(s, t->form)->nplain;

	if (old != 0)
		n += table_at(s, old)->nentries;
	*blank = blank_entries(s, t, n);
	if (*blank == 0)
		return SP_ENOMEM;
	fill_keys(s, t, old, *blank);
	if (make_buckets(s, t, *blank, n) == SP_OK) {
		if (hang_up(s, table) == SP_OK)
			return SP_OK;
		free_buckets(s, t, &t->now);
	}
	free_chain(s, t, *blank);
	return SP_ENOMEM;
}

bool
dpf_table_make(
	struct dpf_set *s, ref_t form, uint32_t vary, const uint32_t *values)
{
	struct form *f = form_at(s, form);
	ref_t table = dpf_pool_alloc(s, sizeof(struct table)), old = f->table;
	struct table *t = table_at(s, table);
	ref_t blank;

	if (table == 0)
		return false;
	t->form = form;
	t->min = UINT16_MAX;
	for (uint32_t i = 0; i < f->nfields; i++)
		t->fixed[i] = values[i];
	if (!dpf_table_layout(s, f, vary, t) ||
		complete(s, table, old, &blank) < 0) {
		dpf_pool_free(s, table, sizeof(struct table));
		return false;
	}
	for (uint32_t i = 0; i < t->ncols; i++)
		dpf_base_ref(s, t->col[i].base);
	if (old != 0) {
		t->min = table_at(s, old)->min;
		t->max = table_at(s, old)->max;
	}
	move_all(s, t, old, blank);
	if (old != 0) {
		take_down(s, old);
		retire(s, old);
	}
	f->table = table;
	dpf_trie_changed(s);
	return true;
}

/* All entries, chained by the link of the other turn. */
static ref_t
chain_all(struct dpf_set *s, const struct table *t)
{
	uint32_t bucket = 0;
	ref_t first = 0, r = dpf_table_first(s, t, &bucket);

	for (; r != 0; r = dpf_table_next(s, t, &bucket, r)) {
		entry_at(s, r)->next[!t->turn] = first;
		first = r;
	}
	return first;
}

/* Link the entries chained from R by reference. */
static void
fill_buckets(struct dpf_set *s, struct table *t, ref_t r)
{
	uint32_t no = s->address + t->now.dummy[0];
	uint32_t nor = s->address + t->now.dummy[1];

	while (r != 0) {
		struct entry *e = entry_at(s, r);
		uint32_t *at = bucket_at(
			s, t, dpf_hash(&t->now.hash, e->key, t->ncols));
		ref_t next = e->next[t->turn];

		dpf_write(s, &e->next[t->turn],
			*at == no || *at == nor ? 0 : *at);
		dpf_write(s, at, s->address + r);
		t->nentries++;
		r = next;
	}
}

void
dpf_table_resize(struct dpf_set *s, struct table *t)
{
	struct buckets before = t->now;
	uint32_t n = t->nentries;
	ref_t r;

	if (t->old.at != 0)
		return;
	r = chain_all(s, t);
	t->turn = !t->turn;
	if (make_buckets(s, t, r, n) < 0) {
		t->now = before;
		t->turn = !t->turn;
		t->most = 2 * n; /* not with each entry from now on */
		t->met = 0;
		return;
	}
	fill_buckets(s, t, r);
	allow(t);
	dpf_chain_limit(s, t);
	if (t->live)
		t->old = before;
	else
		free_buckets(s, t, &before);
	t->live = false;
	s->dirty = true;
}

void
dpf_table_relax(struct dpf_set *s, ref_t table)
{
	struct table *t = table_at(s, table);

	if (t->nentries == 0) {
		form_at(s, t->form)->table = 0;
		take_down(s, table);
		retire(s, table);
		dpf_trie_changed(s);
	} else if (t->now.hash.bits > MIN_BITS &&
		   8 * t->nentries < 1u << t->now.hash.bits) {
		dpf_table_resize(s, t);
	}
}
