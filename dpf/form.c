/*
 * form.c - which paths are alike, and when they share a table.
 *
 * Paths of one form lie in the trie while they are few; the eighth makes a
 * table of them all.  What then has other constants in fields that the table's
 * paths share waits in the trie until it is a crowd as well.
 */
#include "dpf/recipe.h"

static uint32_t
mix(uint32_t h, uint32_t v)
{
	return (h ^ v) * 0x01000193u;
}

static uint32_t
hash_of(const struct literal *lits, uint32_t n)
{
	uint32_t h = n;

	for (uint32_t i = 0; i < n; i++) {
		const struct literal *l = &lits[i];

		h = mix(h, l->base ^ l->mask);
		h = mix(h, (uint32_t)l->off << 16 | (uint32_t)l->width << 8 |
				   l->kind);
		if (l->kind != KIND_EQ)
			h = mix(h, l->value);
	}
	return h ^ h >> 15;
}

static bool
same_literal(const struct literal *a, const struct literal *b)
{
	return a->base == b->base && a->mask == b->mask && a->off == b->off &&
	       a->width == b->width && a->kind == b->kind &&
	       (a->kind == KIND_EQ || a->value == b->value);
}

static bool
is_form(const struct form *f, const struct literal *lits, uint32_t n,
	uint32_t hash)
{
	if (f->hash != hash || f->n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!same_literal(&f->lit[i], &lits[i]))
			return false;
	return true;
}

/* How many fields a key could have; 0: such paths are in no table. */
static uint32_t
count_fields(const struct literal *lits, uint32_t n)
{
	uint32_t fields = 0;

	if (n > FORM_LITERALS)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		if (lits[i].kind == KIND_TAIL || lits[i].kind == KIND_RESIDUAL)
			return 0;
		if (lits[i].kind != KIND_EQ)
			continue;
		if (lits[i].base == REF_LEN)
			return 0;
		fields++;
	}
	return fields > FORM_FIELDS ? 0 : fields;
}

static uint32_t
form_bytes(uint32_t n)
{
	return (uint32_t)(sizeof(struct form) + n * sizeof(struct literal));
}

ref_t
dpf_form_get(struct dpf_set *s, const struct literal *lits, uint32_t n)
{
	uint32_t fields = count_fields(lits, n), hash = hash_of(lits, n);
	ref_t *chain = &s->forms[hash % TRIE_FORM_HASH], r;
	struct form *f;

	if (fields == 0)
		return 0;
	for (r = *chain; r != 0; r = form_at(s, r)->next)
		if (is_form(form_at(s, r), lits, n, hash))
			return r;
	r = dpf_pool_alloc(s, form_bytes(n));
	if (r == 0)
		return 0;
	f = form_at(s, r);
	f->next = *chain;
	*chain = r;
	f->hash = hash;
	f->n = (uint16_t)n;
	f->nfields = (uint16_t)fields;
	f->crowd = FORM_CROWD;
	for (uint32_t i = 0; i < n; i++) {
		f->lit[i] = lits[i];
		dpf_base_ref(s, lits[i].base);
	}
	return r;
}

void
dpf_form_put(struct dpf_set *s, ref_t form)
{
	struct form *f = form_at(s, form);
	ref_t *at = &s->forms[f->hash % TRIE_FORM_HASH];

	if (f->plain != 0 || f->table != 0)
		return;
	if (f->users != 0) { /* which gives the form back, too */
		dpf_recipe_forget(s, form);
		return;
	}
	while (*at != form)
		at = &form_at(s, *at)->next;
	*at = f->next;
	for (uint32_t i = 0; i < f->n; i++)
		dpf_base_put(s, f->lit[i].base);
	dpf_pool_free(s, form, form_bytes(f->n));
}

bool
dpf_form_matches(
	const struct dpf_set *s, const struct form *f, const uint32_t *values)
{
	const struct table *t = table_at(s, f->table);

	if (f->table == 0)
		return false;
	for (uint32_t i = 0; i < f->nfields; i++)
		if (t->field[i].col == TABLE_FIXED && t->fixed[i] != values[i])
			return false;
	return true;
}

void
dpf_form_add_plain(struct dpf_set *s, ref_t form, ref_t leaf)
{
	struct form *f = form_at(s, form);

	leaf_at(s, leaf)->form = form;
	leaf_at(s, leaf)->peer = f->plain;
	f->plain = leaf;
	f->nplain++;
}

void
dpf_form_drop_plain(struct dpf_set *s, ref_t form, ref_t leaf)
{
	struct form *f = form_at(s, form);
	ref_t *at = &f->plain;

	while (*at != leaf)
		at = &leaf_at(s, *at)->peer;
	*at = leaf_at(s, leaf)->peer;
	f->nplain--;
}

/* --- crowds ------------------------------------------------------------------ */

/* Fields in which the plain leaves differ from VALUES. */
static uint32_t
differing(const struct dpf_set *s, const struct form *f, const uint32_t *values)
{
	uint32_t own[FORM_FIELDS], vary = 0;

	for (ref_t r = f->plain; r != 0; r = leaf_at(s, r)->peer) {
		dpf_trie_values(s, leaf_at(s, r)->at, f->nfields,
			f->n - f->nfields, own);
		for (uint32_t i = 0; i < f->nfields; i++)
			if (own[i] != values[i])
				vary |= 1u << i;
	}
	return vary;
}

static bool
is_whole(const struct literal *l, unsigned width)
{
	return l->width == width && l->mask == 0xffffffffu >> (32 - 8 * width);
}

/* Are A and B the halves of a word? */
static bool
make_word(const struct literal *a, const struct literal *b)
{
	return a->base == b->base && is_whole(a, 2) && is_whole(b, 2) &&
	       (a->off == b->off + 2 || b->off == a->off + 2);
}

/* Whole words are compared with a key as fast as with a constant, and so are
 * the other halves of words that are. */
static uint32_t
widen(const struct form *f, uint32_t vary)
{
	uint32_t wide = vary;

	for (uint32_t i = 0; i < f->nfields; i++) {
		if (is_whole(&f->lit[i], 4))
			wide |= 1u << i;
		for (uint32_t k = 0; k < f->nfields; k++)
			if ((vary >> k & 1) != 0 &&
				make_word(&f->lit[i], &f->lit[k]))
				wide |= 1u << i;
	}
	return wide;
}

void
dpf_form_crowd(struct dpf_set *s, ref_t form)
{
	struct form *f = form_at(s, form);
	uint32_t values[FORM_FIELDS], vary = 0;

	if (f->nplain < f->crowd)
		return;
	f->crowd = 2 * f->nplain; /* not with each leaf, should it fail */
	if (f->table != 0) {
		const struct table *t = table_at(s, f->table);

		for (uint32_t i = 0; i < f->nfields; i++) {
			values[i] = t->fixed[i];
			if (t->field[i].col != TABLE_FIXED)
				vary |= 1u << i;
		}
	} else {
		dpf_trie_values(s, leaf_at(s, f->plain)->at, f->nfields,
			f->n - f->nfields, values);
	}
	vary |= differing(s, f, values);
	if (vary == 0)
		return;
	if (dpf_table_make(s, form, widen(f, vary), values) ||
		dpf_table_make(s, form, vary, values))
		f->crowd = FORM_CROWD;
}
