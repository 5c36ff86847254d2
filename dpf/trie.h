/*
 * trie.h - private to dpf/: how a set of filters lies in its arena.
 *
 * A place is a point in the trie; its tests are alternatives, tried in turn;
 * the arms of a test are the places behind its values.  A path of a filter is
 * a chain of arms that ends in a leaf.  Objects are named by their offset in
 * the arena (ref_t), so they are small and the same on a 64-bit host.
 */
#ifndef DPF_TRIE_H
#define DPF_TRIE_H

#include "dpf/dpf.h"

typedef uint32_t ref_t; /* multiple of 8; 0: none */

enum {
	REF_FRAME = 0, /* values of a base that are not in the pool */
	REF_LEN = 1,
	REF_LEAF = 1, /* tag: a crit-bit leaf; a failure that leads to a leaf */

	TRIE_BASE_HASH = 64,
	TRIE_FORM_HASH = 64,
	TRIE_RECIPE_HASH = 32,
	TRIE_ID_BITS = 7, /* filters a page of the table of ids */
	TRIE_ID_PAGES = (DPF_MAX_ID + 1) >> TRIE_ID_BITS,
	TAIL_BASES = 7, /* bases that a register can be kept for */

	POOL_CHUNK_BITS = 9,
	POOL_ORDERS = 20,
	POOL_SMALL = 240, /* larger blocks are whole chunks */
};

enum trie_kind {
	KIND_EQ, /* value and mask as a little-endian load sees them */
	KIND_NE, /* likewise */
	KIND_GT, /* value and mask as numbers */
	KIND_LE,
	KIND_BOUND,    /* the byte at off exists */
	KIND_TAIL,     /* the node `value` of a tail accepts */
	KIND_RESIDUAL, /* the residual `value` accepts */
	KIND_TABLE,    /* the table `value` has the fields of the frame */
};

/* What sorted trees and lists know of their items. */
struct link {
	uint32_t key;
	ref_t next;
};

/* A branching point of a sorted tree: BIT is the highest that differs. */
struct inner {
	uint32_t bit;
	ref_t child[2];
};

/* The members below `scratch` are set by emit and mean nothing before. */
struct place {
	struct link link; /* key: the value of this arm; next: scratch */
	ref_t parent;     /* test; 0 for the root */
	ref_t tests;
	ref_t leaves;
	/* scratch */
	uint32_t label, leaf_label; /* index of a code word */
	ref_t need_base;            /* all alternatives begin with this base */
	uint16_t need_of_base;      /* and need so many bytes there */
	uint16_t need;              /* no path below accepts a shorter frame */
	uint16_t max;               /* best order below */
	uint16_t leaf_order, leaf_id;
	uint16_t leaf_carry; /* best order remembered on arrival at the leaf */
	uint16_t frame;      /* state on entry: bytes known to be there */
	uint8_t nbinds, nregs;
	uint32_t group; /* arms in the group this one heads, 0: not a head */
};

struct test {
	struct link link; /* key: the value unless EQ; next: alternative */
	ref_t parent;     /* place */
	ref_t base;       /* REF_FRAME, REF_LEN or struct base */
	ref_t arms;       /* sorted tree of places; EQ has several */
	uint32_t narms;
	uint32_t mask;
	uint16_t off;
	uint8_t width;
	uint8_t kind; /* enum trie_kind */
	/* scratch */
	uint32_t label;
	ref_t first;     /* arms in the order of their code */
	ref_t fail;      /* next alternative: test, place | REF_LEAF, 0: exit */
	uint32_t group;  /* index of the group whose code is being made */
	uint32_t groups; /* 0: chosen by jump table */
	uint16_t max, carry;
	uint16_t need, need_of_base;
	uint16_t frame;
	uint8_t nbinds, nregs;
	uint8_t pos, bits; /* window of the value that indexes the table */
	uint16_t cap;      /* no order below may exceed this */
	/* Of a comparison, the values it stands for and the place behind it; it
	 * may be in a group of such (range.c): 0, or the first of them. */
	uint32_t lo, hi;
	ref_t inner, head;
	uint8_t reg; /* of the first: which holds the value */
};

/* Where a path of a filter ends. */
struct leaf {
	ref_t next; /* at the same place or entry */
	ref_t more; /* of the same filter */
	ref_t at;   /* place; an entry of the form's table if KEYED */
	ref_t form; /* 0: never in a table */
	ref_t peer; /* leaves of the form that are not in its table */
	uint16_t id : 15;
	bool keyed : 1;
	uint16_t order; /* rank + 1, so that 0 is no filter */
	uint16_t mark;  /* of the last search that counted it */
};

struct filter {
	ref_t leaves;
	uint16_t rank;
	uint8_t used;    /* 0: no filter has this id */
	uint8_t on_page; /* of the first one of a page: how many are used */
	/* scratch of near.c */
	uint16_t mark; /* of the last search that came across it */
	uint16_t next; /* id of another one that was found */
	uint16_t inside, cover;
};

_Static_assert(sizeof(struct filter) == 16, "there are many");

/* One literal of a conjunction, and the key of a test. */
struct literal {
	ref_t base;
	uint32_t mask, value;
	uint16_t off;
	uint8_t width;
	uint8_t kind; /* enum trie_kind */
};

/*
 * A node of the part of a filter that too many paths share to be written out.
 * A frame that reaches it is accepted iff the node's part of the graph accepts
 * it.  The last two nodes of a tail are its ends.
 */
struct tail {
	struct link link; /* next: the order of the code; key: of the first
			     node, the tail of another filter */
	struct literal lit;
	ref_t yes, no;
	uint16_t id;                  /* of the first node: whose tail it is */
	bool is_end : 1, accepts : 1; /* an end, and which */
	bool entered : 1;            /* from the trie: nothing is known there */
	bool led_to : 1, joined : 1; /* by another node, by several */
	bool in_row : 1;             /* but not the first of it */
	/* scratch */
	uint32_t label;
	uint16_t frame; /* bytes known to be there, whatever way led here */
	uint16_t known[TAIL_BASES];
};

_Static_assert(sizeof(struct tail) == 56, "there may be thousands");

/* An interned base definition. */
struct base {
	ref_t next; /* in its hash chain */
	ref_t from;
	uint32_t mask;
	uint32_t refs;
	uint16_t off;
	uint8_t width;
	int8_t shift;
	uint8_t depth; /* how many bases it needs */
};

struct dpf_set {
	uint8_t *mem; /* the pool; this struct is its first object */
	uint32_t bytes;
	uint32_t address; /* where code sees the pool */
	uint32_t seed;
	uint32_t *root; /* NULL: the code lives elsewhere, see dpf_set_emit() */
	void (*sync)(void *code, size_t bytes);
	void (*wrote)(void *arg);
	void *wrote_arg;
	enum dpf_set_kind kind;

	/* pool.c */
	ref_t map, chunks;
	uint32_t nchunks, used;
	ref_t free[POOL_ORDERS];
	ref_t slabs[POOL_SMALL / 8 + 1];
	ref_t scratch;
	uint32_t scratch_bytes;

	ref_t trie; /* the root: a place */
	uint32_t nfilters;
	uint32_t version; /* of the trie; tables may change */
	uint16_t mark;    /* of the last search */
	ref_t ids[TRIE_ID_PAGES];
	ref_t bases[TRIE_BASE_HASH];
	ref_t forms[TRIE_FORM_HASH];
	ref_t recipes[TRIE_RECIPE_HASH];
	ref_t recipe; /* the last that was found */
	uint32_t nrecipes;
	ref_t tails;     /* tails of all filters */
	ref_t residuals; /* likewise */

	/* live.c */
	bool dirty;    /* the code is not that of the trie */
	ref_t side[2]; /* live code, and room for the next */
	ref_t reserve; /* as large as the second; when it is live, the first */
	uint32_t room[2];
	uint32_t words; /* of live code */
	uint32_t bound; /* on the instructions it takes; no more than */
	uint32_t limit; /* unless that is 0 */
	const struct notes *notes; /* who wants to know what code is for */
	ref_t coded;   /* tables that it reads, the last in it first */
	uint32_t exit; /* scratch of emit: a label */
	ref_t retired; /* tables that only live code may read */
	ref_t staged;  /* leaves that wait to be put into their tables */
};

static inline void *
trie_at(const struct dpf_set *s, ref_t r)
{
	return s->mem + r;
}

static inline struct place *
place_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static inline struct test *
test_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

static inline struct leaf *
leaf_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

/* --- set.c ----------------------------------------------------------------- */

struct filter *dpf_filter_of(const struct dpf_set *s, uint32_t id);
/* The order of filter ID's leaves. */
uint16_t dpf_order_of(const struct dpf_set *s, uint32_t id);

/* --- live.c ---------------------------------------------------------------- */

/* Every word that generated code consists of or reads is written here. */
void dpf_write(const struct dpf_set *s, uint32_t *at, uint32_t word);
/* Likewise N words alike. */
void dpf_fill(const struct dpf_set *s, uint32_t *at, uint32_t word, uint32_t n);
/* Make the live code that of the trie, to which something was added or not.
 * Returns SP_OK, SP_ENOMEM or, when adding, SP_EFULL: the code stays. */
int dpf_publish(struct dpf_set *s, bool adding) SP_MUST_CHECK;
/* Chains may be longer in tables that live code reads.  Returns SP_OK, or
 * SP_EFULL: that would take too long. */
int dpf_rebound(struct dpf_set *s) SP_MUST_CHECK;

/* --- longest.c ------------------------------------------------------------- */

/* Like dpf_code_bound(), for code of S that has just been made. */
uint32_t dpf_longest(const struct dpf_set *s, const uint32_t *code,
	uint32_t words, uint32_t address, uint16_t *scratch);

/* --- pool.c ---------------------------------------------------------------- */

void dpf_pool_init(struct dpf_set *s);

/* Returns 0 when full.  Alloc zeroes the block. */
ref_t dpf_pool_take(struct dpf_set *s, uint32_t bytes) SP_MUST_CHECK;
ref_t dpf_pool_alloc(struct dpf_set *s, uint32_t bytes) SP_MUST_CHECK;
/* R may be 0. */
void dpf_pool_free(struct dpf_set *s, ref_t r, uint32_t bytes);
/* What a block of BYTES really takes. */
uint32_t dpf_pool_room(uint32_t bytes);

/* BYTES of working memory, 8-byte aligned; one user at a time.  It stays with
 * the set, so that what was inserted once finds it again.  NULL: full. */
void *dpf_pool_scratch(struct dpf_set *s, size_t bytes) SP_MUST_CHECK;
void dpf_pool_scratch_end(struct dpf_set *s);

/* --- tree.c ---------------------------------------------------------------- */

/* Sorted trees over struct link; depth at most 32 whatever the keys. */
ref_t dpf_tree_find(const struct dpf_set *s, ref_t root, uint32_t key);
int dpf_tree_add(struct dpf_set *s, ref_t *root, ref_t item) SP_MUST_CHECK;
void dpf_tree_del(struct dpf_set *s, ref_t *root, uint32_t key);

/* Chain all items through link.next in ascending order; returns the first. */
ref_t dpf_tree_chain(const struct dpf_set *s, ref_t root);

/* Sort a chain; BEFORE(s, a, b, arg) says that B must not follow A. */
typedef bool list_before(
	const struct dpf_set *s, ref_t a, ref_t b, uint32_t arg);
ref_t dpf_list_sort(
	const struct dpf_set *s, ref_t list, list_before *before, uint32_t arg);

/* --- trie.c ---------------------------------------------------------------- */

/* The place where the path of N literals ends, grown as needed; 0: full.  The
 * caller puts something there or prunes. */
ref_t dpf_trie_grow(struct dpf_set *s, const struct literal *lits,
	uint32_t n) SP_MUST_CHECK;
/* Give back PLACE and what is above it as far as no path needs it. */
void dpf_trie_prune(struct dpf_set *s, ref_t place);
/* The code is no more that of the trie. */
void dpf_trie_changed(struct dpf_set *s);
/* A test below PLACE that no other path may follow; it is given one arm. */
ref_t dpf_trie_test(
	struct dpf_set *s, ref_t place, const struct literal *l) SP_MUST_CHECK;
/* The arms of TEST, chained. */
ref_t dpf_trie_arms(const struct dpf_set *s, ref_t test);
/* All tests, each before those below it: the one after TEST, the first for 0;
 * 0 at the end. */
ref_t dpf_trie_walk(const struct dpf_set *s, ref_t test);
/* Likewise of all below PLACE. */
ref_t dpf_trie_below(const struct dpf_set *s, ref_t place, ref_t test);
/* The values of the first N equations on the way to PLACE, LAST literals
 * being behind them. */
void dpf_trie_values(const struct dpf_set *s, ref_t place, uint32_t n,
	uint32_t last, uint32_t *values);

/* --- base.c ---------------------------------------------------------------- */

/* Returns the interned definition with one more reference, or 0 when full. */
ref_t dpf_base_get(struct dpf_set *s, const struct dpf_base *def,
	ref_t from) SP_MUST_CHECK;
void dpf_base_ref(struct dpf_set *s, ref_t r);
void dpf_base_put(struct dpf_set *s, ref_t r);

/* A total order that does not depend on the order of insertion. */
int dpf_base_compare(const struct dpf_set *s, ref_t a, ref_t b);

/* --- path.c ---------------------------------------------------------------- */

/* Simplify L.  FATE_DROP: always true; FATE_FALSE: never; its load remains. */
enum fate { FATE_KEEP, FATE_DROP, FATE_FALSE };
enum fate dpf_literal_tidy(struct literal *l);
/* Only the load of L is left of it. */
enum fate dpf_literal_bound(struct literal *l);
/* From numbers to keys: as a little-endian load sees them. */
void dpf_literal_key(struct literal *l);

/* What N keyed literals, which hold together, say about the keyed literal T. */
enum says { SAYS_NOTHING, SAYS_YES, SAYS_NO };
enum says dpf_literals_say(const struct dpf_set *s, const struct literal *lits,
	uint32_t n, const struct literal *t);
/* Does L's load say that NEED bytes behind BASE are in the frame? */
bool dpf_literal_covers(const struct dpf_set *s, const struct literal *l,
	ref_t base, uint32_t need);

/* Make N literals canonical.  Returns false when they contradict each other. */
bool dpf_conjunction(
	const struct dpf_set *s, struct literal *lits, uint32_t *n);

/* --- walk.c ---------------------------------------------------------------- */

/* The accepting paths of a filter, one after the other. */
struct walk {
	const struct dpf_filter *filter;
	const struct dpf_set *set;
	ref_t bases[DPF_MAX_BASES + 1]; /* of the filter, interned */
	uint32_t got;                   /* bits of those that are */
	struct literal *lits;           /* the current path, canonical */
	uint32_t nlits;
	uint16_t end; /* DPF_ACCEPT, or the node where a tail begins */
	bool has_tail;
	uint32_t *paths; /* below each node; 0: no way to accept */
	ref_t *tails;    /* the tail nodes of the filter's nodes */
	uint16_t *stack; /* node indices */
	uint8_t *flags;  /* enum walk_flag of each node */
	uint32_t depth;
	uint16_t node; /* to go on with */
	/* Called for each stacked path before it is made canonical. */
	void (*look)(struct walk *w, void *arg);
	void *look_arg;
};

enum walk_flag {
	WALK_NO = 1, /* the no side of the stacked node is being done */
	WALK_STACKED = 2,
	WALK_ENTRY = 4, /* a tail begins here */
	WALK_SEEN = 8,  /* more than no way leads here */
	WALK_JOIN = 16, /* more than one way leads here */
};

size_t dpf_walk_bytes(const struct dpf_filter *f);
/* Chooses where tails begin.  w->bases comes later. */
void dpf_walk_start(struct walk *w, const struct dpf_set *s,
	const struct dpf_filter *f, void *scratch);
/* Intern the bases that paths use, as far as they fit. */
int dpf_walk_get_bases(struct dpf_set *s, struct walk *w) SP_MUST_CHECK;
void dpf_walk_put_bases(struct dpf_set *s, const struct walk *w);
bool dpf_walk_is_live(const struct walk *w, uint16_t node);
/* The test of NODE, or what remains of it where it came out false. */
struct literal dpf_walk_literal(const struct walk *w, uint16_t node, bool no);
/* Is the test of the stacked NODE not needed, only its load? */
bool dpf_walk_drops(const struct walk *w, uint16_t node);
bool dpf_walk_next(struct walk *w);

/* --- tail.c ---------------------------------------------------------------- */

/* Copy what lies behind the entries of W, for filter ID. */
int dpf_tail_build(
	struct dpf_set *s, struct walk *w, uint32_t id) SP_MUST_CHECK;
/* Give back what filter ID has of it. */
void dpf_tail_free(struct dpf_set *s, uint32_t id);
/* The filter with ID has another one now. */
void dpf_tail_rename(struct dpf_set *s, uint32_t id, uint32_t to);
/* Like dpf_set_reach(), of all tails. */
uint32_t dpf_tails_reach(const struct dpf_set *s);

/* --- residual.c ------------------------------------------------------------ */

/* Copy the residual of F, which is filter ID's.  Uses dpf_pool_scratch(). */
int dpf_residual_build(struct dpf_set *s, const struct dpf_filter *f,
	uint32_t id, ref_t *out) SP_MUST_CHECK;
/* As dpf_tail_free() and dpf_tail_rename(). */
void dpf_residual_free(struct dpf_set *s, uint32_t id);
void dpf_residual_rename(struct dpf_set *s, uint32_t id, uint32_t to);
/* Like dpf_set_reach(), of all residuals. */
uint32_t dpf_residuals_reach(const struct dpf_set *s);

/* --- row.c ----------------------------------------------------------------- */

/* Find the rows of a tail and sort them. */
void dpf_rows_sort(const struct dpf_set *s, ref_t head);

#endif /* DPF_TRIE_H */
