/*
 * emit.h - private to dpf/: the state of code generation.
 *
 * Everything the generator knows at a point of the code is static: how many
 * bytes of the frame are known to be there, which registers hold bases, which
 * raw field is still in $t0.  A branch to a pending alternative may rely only
 * on what was known where the alternatives began; registers below it are never
 * overwritten, registers above are free.
 */
#ifndef DPF_EMIT_H
#define DPF_EMIT_H

#include "dpf/mips.h"
#include "dpf/trie.h"

enum {
	/* Registers of the generated code. */
	REG_FRAME = MIPS_A0,
	REG_LEN = MIPS_A1,
	REG_WIRE = MIPS_A2,
	REG_IDS = MIPS_A3,  /* next free slot */
	REG_BEST = MIPS_V0, /* ONE: order << 16 | id; ALL: the first slot */
	REG_CONST = MIPS_AT,
	REG_RAW = MIPS_T0,    /* the last field loaded */
	REG_VALUE = MIPS_T1,  /* the same, masked */
	REG_TEMP = MIPS_V1,   /* a base for which no register is left */
	REG_RETURN = MIPS_T9, /* where a tail returns to */
	REG_ENTRY = MIPS_T9,  /* an entry of a table */

	GEN_BASE_REGS = TAIL_BASES, /* $t2..$t8 */
	GEN_BINDS = 2 * DPF_MAX_BASES,
	GEN_NEAR_WORDS = 0x7fff, /* what a branch reaches */
	GEN_ID_MASK = 0x7fff,
};

/* A base whose address is in a register, KNOWN bytes of it in the frame. */
struct bind {
	ref_t base;
	uint16_t known;
	uint8_t reg;
};

/* What the words are for that are being made. */
struct about {
	uint8_t kind;      /* enum dpf_item_kind */
	ref_t first, last; /* places, a test, a node of a tail, or a residual
			      and the number of its instruction */
	uint32_t id;
};

/* Who wants to know. */
struct notes {
	dpf_note_fn *fn;
	void *arg;
};

struct gen {
	const struct dpf_set *s;
	uint32_t *code; /* NULL: only count */
	uint32_t pc;    /* index of the next word */
	uint32_t address;
	uint32_t exit; /* label */
	ref_t coded;   /* tables, the last first */
	struct about about;
	uint32_t slot; /* index of a delay slot that is still free, 0: none */
	bool guards;   /* that branch checks a bound: no load moves up */
	bool far;      /* no branch may be assumed to reach */
	bool in_tail;

	uint16_t frame; /* bytes known to be in the frame */
	uint16_t carry; /* best order that may be remembered here */
	uint8_t nbinds, nregs;
	uint8_t top; /* base registers that are used outside of tails */
	struct bind binds[GEN_BINDS];
	ref_t owner[GEN_BASE_REGS]; /* in a tail: the base a register is for */

	uint8_t raw, value; /* REG_RAW and REG_VALUE, or what stands in */
	bool raw_valid;     /* the former holds this field */
	uint8_t raw_width;
	uint16_t raw_off;
	ref_t raw_base;
};

/*
 * How to look at a field: load WIDTH bytes at OFF, keep the bits of MASK and
 * move them right so that the key is value >> shift.
 */
struct view {
	int32_t off;
	uint32_t mask; /* of the load; all ones: nothing to do */
	uint8_t width;
	uint8_t ext; /* size of a bit field to extract, 0: mask */
	uint8_t pos; /* of that bit field */
	uint8_t shift;
};

static inline void
dpf_gen_about(struct gen *g, enum dpf_item_kind kind, ref_t at)
{
	g->about = (struct about){
		.kind = (uint8_t)kind, .first = at, .last = at
	};
}

/* --- show.c: for those who look ---------------------------------------------- */

/* Word I has been made. */
void dpf_note(const struct gen *g, uint32_t i);

/* --- code.c: words, branches, constants, loads ----------------------------- */

/* An instruction without side effects on what a taken branch needs. */
void dpf_gen_op(struct gen *g, uint32_t word);
/* An instruction that must not move into a delay slot. */
void dpf_gen_fixed(struct gen *g, uint32_t word);
/* Here is a label: returns its index. */
uint32_t dpf_gen_label(struct gen *g);
/* GUARDS: what follows may not load before the branch has decided. */
void dpf_gen_branch(struct gen *g, enum mips_op op, uint32_t rs, uint32_t rt,
	uint32_t label, bool guards);
/* Likewise, where the label is near for sure. */
void dpf_gen_hop(struct gen *g, enum mips_op op, uint32_t rs, uint32_t rt,
	uint32_t label);
void dpf_gen_jump(struct gen *g, uint32_t label);
uint32_t dpf_gen_label_of(const struct gen *g, ref_t fail);

/* How many words load V into a register, and word I of them. */
unsigned dpf_li_words(uint32_t v);
uint32_t dpf_li_word(uint32_t reg, uint32_t v, unsigned i);
/* The register that holds V: $zero, or REG_CONST loaded with it. */
uint32_t dpf_gen_const(struct gen *g, uint32_t v);

/* At what address, modulo *MOD (1, 2, 4), is the first byte of BASE? */
unsigned dpf_gen_align(const struct dpf_set *s, ref_t base, unsigned *mod);
bool dpf_is_aligned(
	const struct dpf_set *s, ref_t base, uint32_t off, unsigned width);
unsigned dpf_load_words(
	const struct gen *g, ref_t base, int32_t off, unsigned width);
/* Load a field in load order into REG_RAW unless it is there. */
void dpf_gen_load(
	struct gen *g, ref_t base, uint32_t reg, uint32_t off, unsigned width);
/* REG_RAW as a number in the register returned; swaps bytes. */
uint32_t dpf_gen_number(struct gen *g, unsigned width);
/* SRC & MASK in the register returned. */
uint32_t dpf_gen_mask(
	struct gen *g, uint32_t src, uint32_t mask, unsigned width);

/* --- bound.c: what lies in the frame --------------------------------------- */

/* Go to FAIL unless NEED bytes are in the frame. */
void dpf_gen_frame(struct gen *g, uint32_t need, uint32_t fail);
/* Likewise behind BASE; returns the register that points there. */
uint32_t dpf_gen_base(struct gen *g, ref_t base, uint32_t need, uint32_t fail);
/* How many bytes behind BASE are known to be in the frame. */
uint32_t dpf_gen_known(const struct gen *g, ref_t base);
/* How long a frame with NEED bytes behind BASE is at least. */
uint32_t dpf_need_of_frame(const struct dpf_set *s, ref_t base, uint32_t need);

/* --- match.c: one test ------------------------------------------------------ */

/* Code of a test with one arm; falls into the arm, which is returned (a run of
 * tests may have been done at once). */
ref_t dpf_gen_single(struct gen *g, ref_t test);
/* Go to FAIL unless L holds, whose bytes are there; REG points to its base. */
void dpf_gen_literal(
	struct gen *g, const struct literal *l, uint32_t reg, uint32_t fail);

/* --- gen_table.c: paths that differ in constants --------------------------- */

/* What follows when a table has the frame's key. */
struct gen_hit {
	ref_t next;   /* a better alternative to try, 0: none */
	bool certain; /* nothing better is remembered */
};

/* Look the frame up in the table of TEST; falls through when it is not there,
 * goes to the failure of TEST when it is too short. */
void dpf_gen_table(struct gen *g, ref_t test, struct gen_hit hit);

/* --- emit.c: alternatives ---------------------------------------------------- */

/* Generate the code of a planned set for ADDRESS; CODE may be NULL.  Returns
 * the number of words. */
uint32_t dpf_gen(struct dpf_set *s, uint32_t *code, uint32_t address, bool far);
void dpf_gen_exit(struct gen *g);
/* REG_BEST becomes the order and id in REG_CONST unless it is better. */
void dpf_gen_best(struct gen *g);

/* --- gen_residual.c: what only a program can say ------------------------------- */

/* Go to FAIL unless the residual accepts. */
void dpf_gen_residual_call(struct gen *g, ref_t residual, uint32_t fail);
/* The code of all residuals. */
void dpf_gen_residuals(struct gen *g);

/* --- gen_tail.c: what many paths of a filter end with ------------------------ */

/* Go to FAIL unless what is called at LABEL says so in REG_CONST. */
void dpf_gen_call(struct gen *g, uint32_t label, uint32_t fail);
/* Go to FAIL unless the tail from NODE on accepts. */
void dpf_gen_tail_call(struct gen *g, ref_t node, uint32_t fail);
/* The code of all tails. */
void dpf_gen_tails(struct gen *g);
/* The register for base I of those that have one. */
uint32_t dpf_gen_base_register(unsigned i);
void dpf_gen_bind(struct gen *g, ref_t base, uint32_t known, uint32_t reg);

/* --- gen_row.c: equations that lead to the same node ------------------------- */

/* Code for the nodes of a row from R, its second, on; REG points to their base.
 * Returns the node behind them. */
ref_t dpf_gen_row(struct gen *g, ref_t r, uint32_t reg);

/* --- choose.c: a test with many arms ---------------------------------------- */

/* Order the arms and choose between comparisons and a jump table. */
void dpf_choose(struct dpf_set *s, ref_t test);
/* Load the field and find the group of arms. */
void dpf_gen_choice(struct gen *g, ref_t test);
/* Code in front of an arm: finds it within its group. */
void dpf_gen_arm(struct gen *g, ref_t arm);

/* How to look at a test's field; and at any piece of a base. */
struct view dpf_view(const struct dpf_set *s, ref_t base, int32_t off,
	unsigned width, uint32_t mask);
unsigned dpf_view_words(const struct gen *g, ref_t base, const struct view *v);
/* Load and mask; returns the register. */
uint32_t dpf_gen_view(
	struct gen *g, ref_t base, uint32_t reg, const struct view *v);

/* --- range.c: comparisons that exclude each other ---------------------------- */

/* Put those among the visible tests of PLACE into groups. */
void dpf_ranges_group(const struct dpf_set *s, ref_t place);
/* The test behind TEST in its group; 0: TEST is the last, or in none. */
ref_t dpf_range_next(const struct dpf_set *s, ref_t test);
/* Load the field of the group that HEAD begins. */
void dpf_gen_ranges(struct gen *g, ref_t head);
/* Code in front of what is behind RANGE: finds it in its group. */
void dpf_gen_range(struct gen *g, ref_t range);

/* --- plan.c: bottom-up facts about the trie --------------------------------- */

/* Fill in the scratch members of all places and tests. */
void dpf_plan(struct dpf_set *s);
/* The alternative behind TEST that is not hidden by a leaf; 0: none. */
ref_t dpf_plan_next(const struct dpf_set *s, ref_t test);
ref_t dpf_plan_first(const struct dpf_set *s, ref_t place);
/* An order of alternatives: better ranks first. */
bool dpf_plan_before(const struct dpf_set *s, ref_t a, ref_t b, uint32_t arg);

#endif /* DPF_EMIT_H */
