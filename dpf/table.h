/*
 * table.h - private to dpf/: paths that differ in constants, in hash tables.
 *
 * Paths of one form, when there are many, leave the trie: what they share stays
 * there as a path of its own that ends in a table, what differs becomes the
 * table's key.  Another such filter is data, not code.
 */
#ifndef DPF_TABLE_H
#define DPF_TABLE_H

#include "dpf/trie.h"

enum {
	FORM_CROWD = 8,     /* so many paths outside make a table */
	FORM_LITERALS = 24, /* of paths that can be in a table */
	FORM_FIELDS = 16,   /* equations among them */
	TABLE_COLUMNS = 12,
	TABLE_FIXED = 0xff, /* column of a field that all paths share */
};

/*
 * What paths have in common that differ in constants at most: the literals
 * without the values of equations.
 */
struct form {
	ref_t next; /* in its hash chain */
	uint32_t hash;
	ref_t plain; /* leaves that are not in the table */
	ref_t table;
	uint32_t nplain, crowd; /* so many plain leaves are too many */
	uint32_t users;         /* recipes that know it */
	uint16_t n, nfields;    /* literals; the first of them are equations */
	struct literal lit[];
};

/* How a key becomes the number of a bucket, cheapest first. */
enum hash_kind {
	HASH_WINDOW,  /* bits of one word */
	HASH_SWAPPED, /* the lowest bits of a 16-bit word as a number */
	HASH_MUL,     /* one word times a constant */
	HASH_SUM,     /* the sum of the words times a constant */
	HASH_HORNER,  /* each word counts differently */
	HASH_STRONG,  /* who does not know the constant finds no collisions */
	HASH_KINDS,
};

struct hash {
	uint32_t mul;
	uint8_t kind; /* enum hash_kind */
	uint8_t word; /* of those that look at one */
	uint8_t pos;  /* HASH_WINDOW */
	uint8_t bits;
};

/* Up to four bytes of a frame that become one word of a key. */
struct column {
	ref_t base;
	uint32_t mask; /* of a little-endian load */
	uint16_t off;
	uint8_t width;
	uint8_t shift; /* key words are moved right by that */
};

/*
 * Words that hold addresses of entries; a bucket without entries holds that of
 * a dummy whose key belongs elsewhere.
 */
struct buckets {
	ref_t at; /* 2^hash.bits words; 0: there are none */
	ref_t dummy[2];
	struct hash hash;
};

/*
 * A table that is built anew shares its entries with what live code reads: the
 * chains take turns with the two links of an entry.
 */
struct table {
	ref_t test; /* where it hangs in the trie */
	ref_t next; /* of those that only live code may read */
	ref_t form;
	struct buckets now;
	struct buckets old; /* what live code reads, unless that is `now` */
	ref_t limbo;        /* entries that only `old` has, by `leaves` */
	uint32_t nentries;
	uint32_t most;       /* with more entries it is built anew */
	uint32_t met, allow; /* entries that entries met; so many may be */
	uint16_t min, max;   /* orders of its entries */
	uint16_t lo, hi;     /* orders that live code can stand */
	uint8_t nfields, ncols;
	uint8_t turn;    /* the link that chains follow */
	bool live;       /* the code knows `now` */
	uint8_t longest; /* chain when it was built */
	uint16_t limit;  /* no chain is longer */
	ref_t coded;     /* the table before it in the code that reads it */
	struct column col[TABLE_COLUMNS];
	struct {
		uint8_t col; /* TABLE_FIXED, or the column it is a part of */
		uint8_t bit; /* and where it begins there */
	} field[FORM_FIELDS];
	uint32_t fixed[FORM_FIELDS]; /* values of fixed fields */
};

/* Generated code reads the links, value and key. */
struct entry {
	uint32_t next[2]; /* address of an entry; 0: none */
	uint32_t value;   /* order << 16 | id, of the best leaf */
	ref_t leaves;     /* best first; a dummy has none */
	uint32_t key[];
};

static inline struct form *
form_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static inline struct table *
table_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static inline struct entry *
entry_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static inline uint32_t *
bucket_at(const struct dpf_set *s, const struct table *t, uint32_t i)
{
	return (uint32_t *)trie_at(s, t->now.at) + i;
}

/* --- form.c ---------------------------------------------------------------- */

/* The form of N keyed literals; 0: such paths are in no table, or full. */
ref_t dpf_form_get(struct dpf_set *s, const struct literal *lits, uint32_t n);
/* Give it back if nobody has a path of it. */
void dpf_form_put(struct dpf_set *s, ref_t form);
/* Does a path with these values belong into the table of FORM? */
bool dpf_form_matches(
	const struct dpf_set *s, const struct form *f, const uint32_t *values);

void dpf_form_add_plain(struct dpf_set *s, ref_t form, ref_t leaf);
void dpf_form_drop_plain(struct dpf_set *s, ref_t form, ref_t leaf);
/* Put the plain leaves of FORM into a table if that is worth it. */
void dpf_form_crowd(struct dpf_set *s, ref_t form);

/* --- table.c --------------------------------------------------------------- */

static inline uint32_t
dpf_entry_bytes(const struct table *t)
{
	return (uint32_t)(sizeof(struct entry) + t->ncols * sizeof(uint32_t));
}

/* Entries in the order of their buckets; *BUCKET begins with 0. */
ref_t dpf_table_first(
	const struct dpf_set *s, const struct table *t, uint32_t *bucket);
ref_t dpf_table_next(const struct dpf_set *s, const struct table *t,
	uint32_t *bucket, ref_t entry);
/* The first entry with KEY, or 0; and the next with the key of ENTRY. */
ref_t dpf_table_find(
	const struct dpf_set *s, const struct table *t, const uint32_t *key);
ref_t dpf_table_again(
	const struct dpf_set *s, const struct table *t, ref_t entry);

/* How long the chain is that LEAF is going to lengthen, itself included, and how
 * many of those have its key; 0: its key has an entry. */
uint32_t dpf_table_depth(const struct dpf_set *s, const struct table *t,
	ref_t leaf, uint32_t *alike);
/* A leaf of filter ID with the key, not yet in the table; 0: full. */
ref_t dpf_table_leaf(struct dpf_set *s, struct table *t, const uint32_t *key,
	uint32_t id, uint16_t order) SP_MUST_CHECK;
/* Put it there: one store makes it visible. */
void dpf_table_put(struct dpf_set *s, struct table *t, ref_t leaf);
/* Take it away again and free it. */
void dpf_table_take(struct dpf_set *s, struct table *t, ref_t leaf);
/* The rank of LEAF's filter has changed. */
void dpf_table_rank(struct dpf_set *s, struct table *t, ref_t leaf);
/* An entry of ORDER is to come.  False: only new code could stand that. */
bool dpf_table_expect(struct table *t, uint32_t order);
/* Make an entry visible that has a key, a value and leaves. */
void dpf_table_link(struct dpf_set *s, struct table *t, ref_t entry);

/* --- key.c ----------------------------------------------------------------- */

/* Lay out the columns for the fields in VARY.  False: they are too many. */
bool dpf_table_layout(const struct dpf_set *s, const struct form *f,
	uint32_t vary, struct table *t);
void dpf_table_key(
	const struct table *t, const uint32_t *values, uint32_t *key);
/* The other way round. */
void dpf_table_values(const struct dpf_set *s, const struct table *t,
	const uint32_t *key, uint32_t *values);

/* --- chain.c --------------------------------------------------------------- */

/* LEAF is to be put into T: see to it that its chain may be that long.  Returns
 * SP_OK, SP_ENOMEM or SP_EFULL. */
int dpf_chain_admit(
	struct dpf_set *s, struct table *t, ref_t leaf) SP_MUST_CHECK;
/* The buckets of T have been filled: how long may chains become? */
void dpf_chain_limit(const struct dpf_set *s, struct table *t);

/* --- build.c --------------------------------------------------------------- */

/* Put all paths of FORM into one table whose key are the fields in VARY; the
 * others have VALUES.  False: nothing has changed. */
bool dpf_table_make(
	struct dpf_set *s, ref_t form, uint32_t vary, const uint32_t *values);
/* As many buckets as the entries deserve, under another function.  Nothing
 * happens when memory is short or live code reads old buckets. */
void dpf_table_resize(struct dpf_set *s, struct table *t);
/* TABLE has lost entries: shrink it, or drop it. */
void dpf_table_relax(struct dpf_set *s, ref_t table);
/* The code knows all tables now, and nothing reads those that are gone. */
void dpf_table_settle(struct dpf_set *s);

/* --- set.c ----------------------------------------------------------------- */

/* A leaf of filter ID in the table of form F; it is linked there when all else
 * is done. */
int dpf_set_add_keyed(struct dpf_set *s, const struct form *f,
	const uint32_t *values, uint32_t id) SP_MUST_CHECK;

/* --- hash.c ---------------------------------------------------------------- */

uint32_t dpf_hash(const struct hash *h, const uint32_t *key, uint32_t ncols);
/* The constant that word I is multiplied with. */
uint32_t dpf_hash_mul(const struct hash *h, uint32_t i);
/* Choose a function for the keys of the N entries chained from FIRST by t->turn,
 * but as references.  COUNT has a byte for each of 2^bits buckets. */
void dpf_hash_choose(struct dpf_set *s, struct table *t, ref_t first,
	uint32_t n, unsigned bits, uint8_t *count);
/* Words of code that find the bucket of a key of NCOLS words. */
unsigned dpf_hash_cost(const struct hash *h, uint32_t ncols);

#endif /* DPF_TABLE_H */
