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
	REF_FRAME = 0, /* values of a base that are not in the arena */
	REF_LEN = 1,
	REF_LEAF = 1, /* tag: a crit-bit leaf; a failure that leads to a leaf */

	TRIE_BASE_HASH = 64,
	TRIE_SMALL = 24, /* sizes of blocks in the arena */
	TRIE_BIG = 72,
	TAIL_BASES = 7, /* bases that a register can be kept for */
};

enum trie_kind {
	KIND_EQ, /* value and mask as a little-endian load sees them */
	KIND_NE, /* likewise */
	KIND_GT, /* value and mask as numbers */
	KIND_LE,
	KIND_BOUND, /* the byte at off exists */
	KIND_TAIL,  /* the node `value` of a tail accepts */
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
};

struct leaf {
	ref_t next; /* at the same place */
	ref_t more; /* of the same filter */
	ref_t place, filter;
};

struct filter {
	struct link link; /* key: id; next: scratch */
	uint32_t rank;
	ref_t leaves;
	uint32_t order; /* scratch: 1 for the lowest rank */
	ref_t tail;     /* its first node; 0: all paths lie in the trie */
};

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
	struct link link; /* next: the order of the code */
	struct literal lit;
	ref_t yes, no;
	bool is_end, accepts; /* an end, and which */
	bool entered;         /* from the trie: nothing is known there */
	/* scratch */
	uint32_t label;
	uint16_t frame; /* bytes known to be there, whatever way led here */
	uint16_t known[TAIL_BASES];
};

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

_Static_assert(sizeof(struct inner) <= TRIE_SMALL, "a small block");
_Static_assert(sizeof(struct leaf) <= TRIE_SMALL, "a small block");
_Static_assert(sizeof(struct filter) <= TRIE_SMALL, "a small block");
_Static_assert(sizeof(struct base) <= TRIE_SMALL, "a small block");
_Static_assert(sizeof(struct place) <= TRIE_BIG, "a big block");
_Static_assert(sizeof(struct test) <= TRIE_BIG, "a big block");
_Static_assert(sizeof(struct tail) <= TRIE_BIG, "a big block");
_Static_assert(TRIE_BIG % TRIE_SMALL == 0, "a big block splits into small");

struct dpf_set {
	uint8_t *mem;         /* the arena; this struct is its first object */
	uint32_t bytes, used; /* of the arena; what was ever handed out */
	uint32_t scratch;     /* bytes at the end of the arena in use */
	uint32_t max_arms;    /* most arms any test ever had */
	uint32_t keep;        /* most scratch any filter took */
	uint32_t nfilters;
	ref_t free_small, free_big;
	ref_t root;    /* place */
	ref_t filters; /* sorted tree by id */
	ref_t bases[TRIE_BASE_HASH];
	enum dpf_set_kind kind;
};

static inline void *
trie_at(const struct dpf_set *s, ref_t r)
{
	return s->mem + r;
}

/* --- arena.c -------------------------------------------------------------- */

/* BYTES is TRIE_SMALL or TRIE_BIG; the block is zeroed.  Returns 0 when full.
 */
ref_t dpf_arena_alloc(struct dpf_set *s, uint32_t bytes) SP_MUST_CHECK;
void dpf_arena_free(struct dpf_set *s, ref_t r, uint32_t bytes);

/* Is there room for what emit borrows? */
bool dpf_arena_has_reserve(const struct dpf_set *s);

/* BYTES of working memory, 8-byte aligned; one user at a time.  NULL: full. */
void *dpf_arena_scratch(struct dpf_set *s, size_t bytes) SP_MUST_CHECK;
void dpf_arena_scratch_end(struct dpf_set *s);

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

/* --- base.c --------------------------------------------------------------- */

/* Returns the interned definition with one more reference, or 0 when full. */
ref_t dpf_base_get(struct dpf_set *s, const struct dpf_base *def,
	ref_t from) SP_MUST_CHECK;
void dpf_base_ref(struct dpf_set *s, ref_t r);
void dpf_base_put(struct dpf_set *s, ref_t r);

/* A total order that does not depend on the order of insertion. */
int dpf_base_compare(const struct dpf_set *s, ref_t a, ref_t b);

/* --- path.c --------------------------------------------------------------- */

/* Simplify L.  FATE_DROP: always true; FATE_FALSE: never; its load remains. */
enum fate { FATE_KEEP, FATE_DROP, FATE_FALSE };
enum fate dpf_literal_tidy(struct literal *l);
/* Only the load of L is left of it. */
enum fate dpf_literal_bound(struct literal *l);
/* From numbers to keys: as a little-endian load sees them. */
void dpf_literal_key(struct literal *l);

/* Make N literals canonical.  Returns false when they contradict each other. */
bool dpf_conjunction(
	const struct dpf_set *s, struct literal *lits, uint32_t *n);

/* --- walk.c --------------------------------------------------------------- */

/* The accepting paths of a filter, one after the other. */
struct walk {
	const struct dpf_filter *filter;
	const struct dpf_set *set;
	ref_t bases[DPF_MAX_BASES + 1]; /* of the filter, interned */
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
/* Whether some accepting path may use base I of the filter. */
bool dpf_walk_uses(const struct walk *w, uint32_t base);
bool dpf_walk_is_live(const struct walk *w, uint16_t node);
/* The test of NODE, or what remains of it where it came out false. */
struct literal dpf_walk_literal(const struct walk *w, uint16_t node, bool no);
bool dpf_walk_next(struct walk *w);

/* --- tail.c --------------------------------------------------------------- */

/* Copy what lies behind the entries of W; *HEAD becomes the first node. */
int dpf_tail_build(
	struct dpf_set *s, struct walk *w, ref_t *head) SP_MUST_CHECK;
void dpf_tail_free(struct dpf_set *s, ref_t head);
/* Like dpf_set_reach(), of one tail. */
uint32_t dpf_tail_reach(const struct dpf_set *s, ref_t head);

#endif /* DPF_TRIE_H */
