/*
 * gen_table.c - code that looks a frame up in a hash table.
 *
 * The words of the key are loaded, the hash function finds a bucket, and the
 * chain of entries there is followed; no entry that is being inserted or
 * removed is ever seen by half.  The function and the buckets are constants of
 * the code: a table that is built anew has new code.
 */
#include "dpf/emit.h"
#include "dpf/table.h"

enum {
	ENTRY_NEXT = offsetof(struct entry, next),
	ENTRY_VALUE = offsetof(struct entry, value),
	ENTRY_KEY = offsetof(struct entry, key),
	STRONG_FOLD = 16,
	INS_BITS = 14, /* more would reach into the upper half of an address */
};

struct probe {
	struct gen *g;
	const struct table *t;
	uint32_t fail;
	/* Where a word of the frame's key is; 0: it must be loaded again. */
	uint8_t word[TABLE_COLUMNS];
};

/* --- the key of the frame ---------------------------------------------------- */

/* Find the base of column C so that all its columns lie in the frame. */
static uint32_t
find_base(const struct probe *p, const struct column *c)
{
	uint32_t need = 0;

	if (c->base == REF_FRAME)
		return REG_FRAME;
	for (uint32_t i = 0; i < p->t->ncols; i++) {
		const struct column *o = &p->t->col[i];

		if (o->base == c->base && (uint32_t)o->off + o->width > need)
			need = (uint32_t)o->off + o->width;
	}
	return dpf_gen_base(p->g, c->base, need, p->fail);
}

/* Load word I of the frame's key; returns its register. */
static uint32_t
load_word(const struct probe *p, uint32_t i)
{
	const struct column *c = &p->t->col[i];
	struct view v = dpf_view(p->g->s, c->base, c->off, c->width, c->mask);

	return dpf_gen_view(p->g, c->base, find_base(p, c), &v);
}

/* Likewise into register TO. */
static void
load_into(const struct probe *p, uint32_t i, uint32_t to)
{
	struct gen *g = p->g;

	g->raw_valid = false;
	g->raw = g->value = (uint8_t)to;
	(void)load_word(p, i);
	g->raw = REG_RAW;
	g->value = REG_VALUE;
	g->raw_valid = false;
}

/* Registers that hold no base keep words until they are compared. */
static void
load_key(struct probe *p)
{
	unsigned free;

	for (uint32_t i = 0; i < p->t->ncols; i++)
		(void)find_base(p, &p->t->col[i]);
	free = p->g->nregs;
	if (p->t->ncols == 1) {
		p->word[0] = (uint8_t)load_word(p, 0);
		return;
	}
	for (uint32_t i = 0; i < p->t->ncols; i++) {
		p->word[i] = 0;
		if (free == GEN_BASE_REGS)
			continue;
		p->word[i] = (uint8_t)dpf_gen_base_register(free++);
		load_into(p, i, p->word[i]);
	}
}

static uint32_t
word_of(const struct probe *p, uint32_t i)
{
	return p->word[i] != 0 ? p->word[i] : load_word(p, i);
}

/* --- the bucket -------------------------------------------------------------- */

static void
multiply(const struct probe *p, uint32_t x, uint32_t i)
{
	uint32_t c = dpf_gen_const(p->g, dpf_hash_mul(&p->t->now.hash, i));

	dpf_gen_op(p->g, mips_r(MIPS_OP_mul, REG_ENTRY, x, c));
}

static void
add_word(const struct probe *p, uint32_t i)
{
	dpf_gen_op(p->g,
		mips_r(MIPS_OP_addu, REG_ENTRY, REG_ENTRY, word_of(p, i)));
}

/* HASH_SUM: the sum comes first, then one multiplication. */
static void
gen_sum(const struct probe *p)
{
	uint32_t x = word_of(p, 0);

	if (p->t->ncols > 1 && p->word[0] == 0) { /* the next load takes it */
		dpf_gen_op(p->g, mips_r(MIPS_OP_addu, REG_ENTRY, x, MIPS_ZERO));
		x = REG_ENTRY;
	}
	for (uint32_t i = 1; i < p->t->ncols; i++) {
		dpf_gen_op(p->g,
			mips_r(MIPS_OP_addu, REG_ENTRY, x, word_of(p, i)));
		x = REG_ENTRY;
	}
	multiply(p, x, 0);
}

/* HASH_HORNER and HASH_STRONG: a multiplication for each word. */
static void
gen_chain(const struct probe *p, bool strong)
{
	struct gen *g = p->g;

	multiply(p, word_of(p, 0), 0);
	for (uint32_t i = 1; i < p->t->ncols; i++) {
		if (strong) {
			dpf_gen_op(g, mips_shift(MIPS_OP_srl, REG_CONST,
					      REG_ENTRY, STRONG_FOLD));
			dpf_gen_op(g, mips_r(MIPS_OP_xor, REG_ENTRY, REG_ENTRY,
					      REG_CONST));
		}
		add_word(p, i);
		multiply(p, REG_ENTRY, i);
	}
}

/* The number of the bucket; returns its register, whose lowest bits it is. */
static uint32_t
gen_hash(const struct probe *p)
{
	const struct hash *h = &p->t->now.hash;
	struct gen *g = p->g;

	switch (h->kind) {
	case HASH_WINDOW:
		if (h->pos == 0)
			return word_of(p, h->word);
		dpf_gen_op(g, mips_ext(REG_ENTRY, word_of(p, h->word), h->pos,
				      h->bits));
		return REG_ENTRY;
	case HASH_SWAPPED:
		dpf_gen_op(g, mips_shift(MIPS_OP_wsbh, REG_ENTRY,
				      word_of(p, h->word), 0));
		return REG_ENTRY;
	case HASH_MUL:
		multiply(p, word_of(p, h->word), 0);
		break;
	case HASH_SUM:
		gen_sum(p);
		break;
	default:
		gen_chain(p, h->kind == HASH_STRONG);
		break;
	}
	dpf_gen_op(g, mips_ext(REG_ENTRY, REG_ENTRY, 32u - h->bits, h->bits));
	return REG_ENTRY;
}

/* REG_ENTRY: the first entry of the bucket whose number is in X. */
static void
gen_bucket(const struct probe *p, uint32_t x)
{
	struct gen *g = p->g;
	uint32_t address = g->s->address + p->t->now.at,
		 bits = p->t->now.hash.bits;
	uint32_t hi = (address + 0x8000) >> 16;

	if (bits > INS_BITS) {
		dpf_gen_op(g, mips_ext(REG_ENTRY, x, 0, bits));
		dpf_gen_op(g, mips_shift(MIPS_OP_sll, REG_ENTRY, REG_ENTRY, 2));
	}
	dpf_gen_op(g, mips_i(MIPS_OP_lui, REG_CONST, MIPS_ZERO, (int32_t)hi));
	if (bits > INS_BITS)
		dpf_gen_op(g,
			mips_r(MIPS_OP_addu, REG_CONST, REG_CONST, REG_ENTRY));
	else
		dpf_gen_op(g, mips_ins(REG_CONST, x, 2, bits));
	dpf_gen_op(g, mips_i(MIPS_OP_lw, REG_ENTRY, REG_CONST,
			      (int32_t)(address - (hi << 16))));
}

/* --- the entry --------------------------------------------------------------- */

static void
compare(const struct probe *p, uint32_t i, uint32_t collision)
{
	struct gen *g = p->g;
	uint32_t x = word_of(p, i);

	dpf_gen_op(g, mips_i(MIPS_OP_lw, REG_CONST, REG_ENTRY,
			      (int32_t)(ENTRY_KEY + 4 * i)));
	dpf_gen_hop(g, MIPS_OP_bne, REG_CONST, x, collision);
}

static void
gen_hit(struct gen *g, struct gen_hit hit)
{
	if (g->s->kind == DPF_SET_ALL) {
		dpf_gen_op(g,
			mips_i(MIPS_OP_lw, REG_CONST, REG_ENTRY, ENTRY_VALUE));
		dpf_gen_fixed(g, mips_i(MIPS_OP_sh, REG_CONST, REG_IDS, 0));
		dpf_gen_fixed(g, mips_i(MIPS_OP_addiu, REG_IDS, REG_IDS, 2));
		return; /* there may be others in the chain */
	}
	if (hit.next == 0 && hit.certain) {
		dpf_gen_fixed(g, mips_r(MIPS_OP_jr, 0, MIPS_RA, 0));
		dpf_gen_fixed(g,
			mips_i(MIPS_OP_lhu, MIPS_V0, REG_ENTRY, ENTRY_VALUE));
		return;
	}
	g->slot = 0;
	dpf_gen_op(g, mips_i(MIPS_OP_lw, hit.certain ? REG_BEST : REG_CONST,
			      REG_ENTRY, ENTRY_VALUE));
	if (!hit.certain)
		dpf_gen_best(g);
	if (hit.next == 0)
		dpf_gen_exit(g);
	else
		dpf_gen_jump(g, dpf_gen_label_of(g, hit.next));
}

void
dpf_gen_table(struct gen *g, ref_t test, struct gen_hit hit)
{
	const struct test *t = test_at(g->s, test);
	struct place *arm = place_at(g->s, t->first);
	struct probe p = { .g = g,
		.t = table_at(g->s, t->link.key),
		.fail = dpf_gen_label_of(g, t->fail) };
	uint32_t again;

	table_at(g->s, t->link.key)->coded = g->coded;
	g->coded = t->link.key;
	dpf_gen_frame(g, t->need, p.fail);
	load_key(&p);
	gen_bucket(&p, gen_hash(&p));
	again = dpf_gen_label(g);
	for (uint32_t i = 0; i < p.t->ncols; i++)
		compare(&p, i, arm->label);
	gen_hit(g, hit);
	arm->label = dpf_gen_label(g);
	dpf_gen_op(g, mips_i(MIPS_OP_lw, REG_CONST, REG_ENTRY,
			      ENTRY_NEXT + 4 * p.t->turn));
	dpf_gen_hop(g, MIPS_OP_bne, REG_CONST, MIPS_ZERO, again);
	dpf_gen_op(g, mips_r(MIPS_OP_addu, REG_ENTRY, REG_CONST, MIPS_ZERO));
	g->slot = 0;
	g->raw_valid = false;
}
