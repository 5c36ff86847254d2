/*
 * dpf.h - packet filters: what a filter is, what it means, how it is compiled.
 *
 * The only header other folders may include from dpf/.  Freestanding: no
 * allocation, no globals, no I/O, so the same sources run in the kernel and in
 * host tests.  A filter is an ordered, shared decision graph over fields of
 * the frame; a disjunction of conjunctions is how it is printed.  What a graph
 * cannot say (two fields compared, arithmetic) is said by a residual behind it.
 */
#ifndef DPF_H
#define DPF_H

#include <spindle/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DPF_MAX_NODES = 4096,
	DPF_MAX_BASES = 16,
	DPF_MAX_FRAME = 2046, /* longest frame a field may lie in */
	DPF_MAX_RESIDUAL = 4096,

	DPF_REJECT = 0xfffe, /* values of yes and no that end the graph */
	DPF_ACCEPT = 0xffff,

	DPF_BASE_FRAME = 0, /* fields relative to the first byte of the frame */
	DPF_BASE_LEN = 0xff, /* not a field: the frame's length on the wire */
};

enum dpf_op {
	DPF_EQ, /* (field & mask) == value */
	DPF_GT, /* (field & mask) > value, unsigned */
};

/*
 * Base i (1..nbases, stored at bases[i - 1]) lies
 * ((field at FROM + off) & mask) << shift bytes after base FROM (>> -shift
 * when shift is negative).  FROM is smaller than i.
 */
struct dpf_base {
	uint8_t from;
	uint8_t width; /* bytes loaded, big endian: 1, 2 or 4 */
	int8_t shift;  /* -31..31 */
	uint8_t zero;
	uint16_t off;
	uint16_t zero2;
	uint32_t mask;
};

/*
 * One test.  A load that does not lie wholly inside the captured frame, for the
 * field or for any base it needs, rejects the frame, whatever other paths say
 * (that is what classic BPF does).  So mask 0, value 0 is a pure bounds check.
 */
struct dpf_node {
	uint8_t op;    /* enum dpf_op */
	uint8_t base;  /* 0..nbases or DPF_BASE_LEN */
	uint8_t width; /* 1, 2 or 4; 4 for DPF_BASE_LEN */
	uint8_t zero;
	uint16_t off; /* from the base; 0 for DPF_BASE_LEN */
	uint16_t yes; /* next node: larger than this one's index, or an end */
	uint16_t no;
	uint16_t zero2;
	uint32_t mask;
	uint32_t value; /* no bit outside mask for DPF_EQ */
};

_Static_assert(sizeof(struct dpf_base) == 12, "part of the ABI");
_Static_assert(sizeof(struct dpf_node) == 20, "part of the ABI");

/* One classic BPF instruction, laid out as libpcap's struct bpf_insn. */
struct dpf_bpf {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

_Static_assert(sizeof(struct dpf_bpf) == 8, "part of the ABI");

/*
 * The stored form: this header, nbases bases, nnodes nodes, nresidual
 * instructions; little endian.  A filter accepts a frame when its graph does
 * and its residual, if there is one, returns anything but 0: a valid classic BPF
 * program without backward jumps, memory being 0 at first, that means what
 * libpcap's bpf_filter() says.
 */
struct dpf_blob {
	uint32_t magic; /* DPF_MAGIC */
	uint16_t nbases;
	uint16_t nnodes; /* 0: root says it all */
	uint16_t root;   /* 0, or DPF_ACCEPT / DPF_REJECT when nnodes is 0 */
	uint16_t nresidual;
};
#define DPF_MAGIC 0x31465044 /* "DPF1" */
_Static_assert(sizeof(struct dpf_blob) == 12, "part of the ABI");

enum {
	DPF_BLOB_MAX = 12 + DPF_MAX_BASES * 12 + DPF_MAX_NODES * 20 +
		       DPF_MAX_RESIDUAL * 8,
};

/* A validated view into a blob; valid as long as the blob is. */
struct dpf_filter {
	const struct dpf_base *bases;
	const struct dpf_node *nodes;
	const struct dpf_bpf *residual;
	uint16_t nbases, nnodes, root, nresidual;
};

/*
 * dpf_parse - check a blob once; after that nothing about it can fail.
 *
 * BLOB is 4-byte aligned and must not change afterwards.  Returns the length
 * of the filter in bytes, or
 *	SP_ESHORT	the blob ends before its tables do
 *	SP_EFORMAT	magic, field, order of nodes or bases, or a bit that must
 *			be zero is wrong, or the residual is no valid program
 */
int dpf_parse(
	const void *blob, size_t bytes, struct dpf_filter *out) SP_MUST_CHECK;

/*
 * dpf_interp - the meaning of a filter; generated code must equal it.
 *
 * LEN is the captured length, WIRELEN what `len` is compared with.  Never
 * reads outside FRAME[0..LEN).  Returns true when the frame is accepted.
 */
bool dpf_interp(const struct dpf_filter *f, const uint8_t *frame, size_t len,
	size_t wirelen);

/* Why a lift was refused: the instruction, and words for the user. */
struct dpf_why {
	size_t pc;
	const char *text; /* static storage */
};

/*
 * dpf_lift - turn a classic BPF program into a filter by symbolic execution.
 *
 * Exact: the filter accepts a frame iff the program returns non-zero for it.
 * What cannot be said in tests of fields becomes a residual, the program itself,
 * behind a graph that accepts more; WHY then says what and where, for those who
 * want to know (its text is NULL when there is no residual).  SCRATCH is working
 * memory; with too little of it the graph may be "accept".  Writes a blob to OUT
 * and returns its length in bytes, or
 *	SP_EFORMAT	not a valid program (unknown opcode, jump backward or out
 *			of range, load that means something else to Linux)
 *	SP_ENOMEM	OUT or SCRATCH is too small, or the program is too long
 *			for a residual, or has too many nodes
 */
int dpf_lift(const struct dpf_bpf *prog, size_t n, void *scratch,
	size_t scratch_bytes, void *out, size_t room,
	struct dpf_why *why) SP_MUST_CHECK;

/* How the frames of one filter lie to those of another. */
enum dpf_relation {
	DPF_DISJOINT,
	DPF_EQUAL,
	DPF_INSIDE, /* A's frames are a proper (or equal, unproved) subset of B's */
	DPF_CONTAINS, /* B's frames are inside A's */
	DPF_OVERLAPS, /* proved: both take the example frame, neither contains */
	DPF_UNDECIDED,
};

struct dpf_example {
	size_t len; /* 0: no example */
	uint8_t frame[256];
};

/*
 * dpf_relate - decide containment and overlap under a step budget.
 *
 * Sound: every answer but DPF_UNDECIDED is proved.  STEPS bounds the work (one
 * step is one comparison of two literals).  EX, when the filters overlap and a
 * frame was found, holds a frame that both accept (checked with dpf_interp); for
 * DPF_EQUAL, DPF_INSIDE and DPF_CONTAINS it may hold one as well.
 * Returns enum dpf_relation.
 */
int dpf_relate(const struct dpf_filter *a, const struct dpf_filter *b,
	void *scratch, size_t scratch_bytes, uint32_t steps,
	struct dpf_example *ex) SP_MUST_CHECK;

/*
 * dpf_mirror - the transmit template that mirrors a receive filter.
 *
 * Keeps what identifies protocol and endpoint (link type, IP protocol, fragment
 * offset, addresses, ports) with source and destination exchanged, drops the
 * rest, and demands MAC as Ethernet source.  Writes a blob to OUT; returns its
 * length or SP_ENOMEM.
 */
int dpf_mirror(const struct dpf_filter *f, const uint8_t mac[6], void *scratch,
	size_t scratch_bytes, void *out, size_t room) SP_MUST_CHECK;

/*
 * dpf_mirrors_exactly - is the mirror of F nothing but F, ends exchanged?
 *
 * Then a frame of ours that is long enough for F matches the mirror iff F accepts
 * it after dpf_exchange().  Quick; says no when it cannot see at a glance.
 */
bool dpf_mirrors_exactly(const struct dpf_filter *f);
/* The same of F when it holds for KNOWN; quicker, if they are alike but for
 * addresses and ports. */
bool dpf_mirrors_like(
	const struct dpf_filter *f, const struct dpf_filter *known);

/* Exchange source and destination in a frame: hardware and IP addresses, ports.
 * What lies beyond LEN stays away. */
void dpf_exchange(uint8_t *frame, size_t len);

/* --- many filters, one classifier ---------------------------------------- */

/*
 * A set of filters merged into one trie and compiled to MIPS32r2 code.  It
 * lives wholly in the arena its owner gave.
 */
struct dpf_set;

enum dpf_set_kind {
	DPF_SET_ONE, /* code returns the id of the accepting filter of highest rank */
	DPF_SET_ALL, /* code stores the id of every accepting filter */
};

/* ids are 1..DPF_MAX_ID; 0 means that no filter accepted. */
enum { DPF_MAX_ID = 0x7fff, DPF_MAX_RANK = 0xfffe };

/*
 * Where a set lives and how its changes become visible.  POOL holds everything,
 * code and tables included; generated code sees it at ADDRESS (POOL's offset
 * from a multiple of 8 is also ADDRESS's; all within one 256 MiB region).
 */
struct dpf_site {
	void *pool;
	size_t bytes;
	uint32_t address;
	uint32_t seed;  /* for hash functions that nobody can foresee */
	uint32_t limit; /* on dpf_set_bound(); 0: none */
	uint32_t *root; /* set to the classifier's address, by single stores */
	/* Make code visible to fetch; NULL: there is nothing to do. */
	void (*sync)(void *code, size_t bytes);
	/* Called behind each word that changes; NULL: not needed. */
	void (*wrote)(void *arg);
	void *arg;
};

/*
 * dpf_set_open - an empty set whose classifier is always up to date.
 *
 * A frame may be classified at any instruction of any change, from an interrupt
 * for example, and is judged as before the change or as after it.  What the
 * code is like says dpf_set_emit().  Returns SP_OK or SP_ENOMEM.
 */
int dpf_set_open(const struct dpf_site *site, enum dpf_set_kind kind,
	struct dpf_set **out) SP_MUST_CHECK;

/*
 * dpf_set_bound - how many instructions a classification takes at most.
 *
 * Holds for any frame and any choice of constants, until the next change.
 * 0xffff stands for that many or more, and for a set that dpf_set_init() made.
 * What adds to a set with a limit is refused (SP_EFULL) before the bound exceeds
 * it; removing and renaming never are, though less may take a little longer.
 */
uint32_t dpf_set_bound(const struct dpf_set *s);
/* Another limit from now on; what there is stays. */
void dpf_set_limit(struct dpf_set *s, uint32_t limit);
/* How large the code is. */
uint32_t dpf_set_code_bytes(const struct dpf_set *s);

/* A set whose owner calls dpf_set_emit().  Returns SP_OK, or SP_ENOMEM if BYTES
 * cannot hold an empty set. */
int dpf_set_init(void *arena, size_t bytes, enum dpf_set_kind kind,
	struct dpf_set **out) SP_MUST_CHECK;

/*
 * dpf_set_insert - add filter F (copied) under ID with RANK.
 *
 * Filters that may accept the same frame must differ in rank.  Either the set
 * is changed or it is untouched.  Returns SP_OK, SP_EEXIST (ID is taken),
 * SP_EINVAL (ID or RANK out of range), SP_ENOMEM (pool full) or SP_EFULL (a
 * frame could take longer than the site's limit).
 */
int dpf_set_insert(struct dpf_set *s, const struct dpf_filter *f, uint32_t id,
	uint32_t rank) SP_MUST_CHECK;

/*
 * Returns SP_OK or SP_ENOENT.  A filter that was removed can be inserted again
 * if since then others were only removed or renamed.
 */
int dpf_set_remove(struct dpf_set *s, uint32_t id) SP_MUST_CHECK;

/*
 * dpf_set_replace - F under ID and RANK in place of filter OLD.
 *
 * No frame that both accept is ever without an owner, so for a moment both
 * count.  Returns SP_OK, SP_ENOENT (no OLD) or what dpf_set_insert() returns;
 * then OLD is still there.
 */
int dpf_set_replace(struct dpf_set *s, uint32_t old, const struct dpf_filter *f,
	uint32_t id, uint32_t rank) SP_MUST_CHECK;

/* Filter ID is TO from now on.  Returns SP_OK, SP_ENOENT, SP_EEXIST (TO is
 * taken) or SP_EINVAL. */
int dpf_set_rename(struct dpf_set *s, uint32_t id, uint32_t to) SP_MUST_CHECK;

/* Change the rank of ID.  Returns SP_OK, SP_ENOENT, SP_EINVAL (RANK out of
 * range), SP_ENOMEM or SP_EFULL (the rank is what it was). */
int dpf_set_rank(struct dpf_set *s, uint32_t id, uint32_t rank) SP_MUST_CHECK;

/*
 * dpf_set_candidates - which filters of a set may share a frame with F.
 *
 * Calls EACH for every filter that does, and for few that do not.  R is proved
 * unless it is DPF_UNDECIDED, which dpf_relate() may decide: EQUAL, INSIDE (F's
 * frames are some of the candidate's) or CONTAINS.  EACH must not change the
 * set; what is negative stops the search.  Returns SP_OK, SP_ENOMEM (EACH was
 * not called), or what EACH returned.
 */
typedef int dpf_candidate(void *arg, uint32_t id, enum dpf_relation r);
int dpf_set_candidates(struct dpf_set *s, const struct dpf_filter *f,
	dpf_candidate *each, void *arg) SP_MUST_CHECK;

/*
 * dpf_set_emit - generate the classifier of the set as it is now.
 *
 * The words go to CODE and will run at ADDRESS (a multiple of 8; all ROOM_WORDS
 * within one 256 MiB region), which differ in tests on a host.  The code is a
 * leaf function, o32, uses no register but $at $v0 $v1 $a0-$a3 $t0-$t9 $hi $lo
 * and no stack but up to 64 bytes below $sp, and those only for residuals:
 *	DPF_SET_ONE	uint32_t fn(const uint8_t *frame, uint32_t len,
 *				uint32_t wirelen)
 *			the id, or 0
 *	DPF_SET_ALL	uint32_t fn(const uint8_t *frame, uint32_t len,
 *				uint32_t wirelen, uint16_t *ids)
 *			the number of ids stored, in no particular order
 * FRAME is 2 modulo 4, so that the IP header is word aligned.  The caller makes
 * the code visible to fetch.  Returns the number of words, or SP_ENOMEM when
 * ROOM_WORDS do not suffice (nothing useful was written).
 */
int dpf_set_emit(struct dpf_set *s, uint32_t *code, size_t room_words,
	uint32_t address) SP_MUST_CHECK;

/*
 * dpf_code_bound - how many instructions that code takes at most.
 *
 * CODE is what dpf_set_emit() made for ADDRESS, SCRATCH has room for WORDS
 * values.  0xffff stands for that many or more.
 */
uint32_t dpf_code_bound(const uint32_t *code, size_t words, uint32_t address,
	uint16_t *scratch);

/* How far into a frame, in bytes, any filter of the set can read at a fixed
 * offset; 0xffff when it follows a variable base. */
uint32_t dpf_set_reach(const struct dpf_set *s);

/* --- what a set looks like ------------------------------------------------ */

enum dpf_item_kind {
	DPF_ITEM_TEST,   /* the fields have these values */
	DPF_ITEM_BOUND,  /* the frame has the bytes that all below needs */
	DPF_ITEM_CHOICE, /* which of COUNT values does the field have? */
	DPF_ITEM_TABLE,  /* a table of COUNT entries is asked for the fields */
	DPF_ITEM_TAIL,   /* a test, shared by many paths of filter ID; without
			    fields: those paths go on there */
	DPF_ITEM_RESIDUAL, /* the residual of filter ID, of COUNT instructions;
			      in code: INSN of it, NULL for its ends */
	DPF_ITEM_LEAF,     /* filter ID accepts with RANK */
	DPF_ITEM_FRAME,    /* the way in and out */
};

enum { DPF_ITEM_FIELDS = 16 };

/*
 * A piece of the merged trie.  What must hold is written as a filter that
 * accepts when it does, FIELDS; of a choice or a table only where the fields
 * are counts, not the values.
 */
struct dpf_item {
	uint8_t kind;       /* enum dpf_item_kind */
	uint32_t at, above; /* names: of this piece, of the one it hangs on */
	uint32_t id, rank;
	uint32_t count;
	const struct dpf_bpf *insn;
	struct dpf_filter fields;
	/* What it consists of. */
	struct dpf_base bases[DPF_MAX_BASES];
	struct dpf_node nodes[DPF_ITEM_FIELDS];
};

typedef void dpf_item_fn(void *arg, const struct dpf_item *item);
/* Word I of the code serves ITEM. */
typedef void dpf_note_fn(void *arg, uint32_t i, const struct dpf_item *item);

/* All tests, tables and leaves, each behind the one it hangs on, whose name is
 * 0 at the top. */
void dpf_set_walk(const struct dpf_set *s, dpf_item_fn *fn, void *arg);

/* The filters that ITEM leads to; one may come several times. */
void dpf_set_below(const struct dpf_set *s, const struct dpf_item *item,
	void (*fn)(void *arg, uint32_t id), void *arg);

/*
 * dpf_set_annotate - make the code anew and tell what each word serves.
 *
 * Words come in any order; the last call for a word counts.  Returns what
 * dpf_set_insert() does when there is no memory.
 */
int dpf_set_annotate(
	struct dpf_set *s, dpf_note_fn *note, void *arg) SP_MUST_CHECK;

/* The classifier's code as it is now, which runs at *ADDRESS. */
const uint32_t *dpf_set_code(
	const struct dpf_set *s, size_t *words, uint32_t *address);

#endif /* DPF_H */
