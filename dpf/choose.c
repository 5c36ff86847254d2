/*
 * choose.c - a test with many arms: find the arm like a good switch does.
 *
 * Up to three values are compared one by one.  More are split by binary search
 * into groups of three, or found in a table of jumps that is indexed by a
 * window of the value's bits, chosen for the very values; what collides there
 * is compared one by one.
 */
#include "dpf/emit.h"

enum {
	GROUP_MAX = 3,
	TABLE_MIN = 8, /* fewer arms are never worth a table */
	TABLE_MAX_BITS = 14,
};

static uint32_t
key_of(const struct dpf_set *s, ref_t arm)
{
	return place_at(s, arm)->link.key;
}

static ref_t
next_arm(const struct dpf_set *s, ref_t arm)
{
	return place_at(s, arm)->link.next;
}

static struct view
view_of(const struct dpf_set *s, const struct test *t)
{
	return dpf_view(s, t->base, t->off, t->width, t->mask);
}

/* The register in which dpf_gen_view() leaves the value. */
static uint32_t
value_register(const struct test *t, const struct view *v)
{
	if (v->mask != UINT32_MAX)
		return REG_VALUE;
	return t->base == REF_LEN ? REG_WIRE : REG_RAW;
}

/* Smallest N with 2^N >= X, X > 0. */
static unsigned
log2_up(uint32_t x)
{
	return x == 1 ? 0 : 32 - (unsigned)__builtin_clz(x - 1);
}

/* --- planning ------------------------------------------------------------- */

/* Bits of a key, SHIFT and the position of the window being one number. */
static uint32_t
window(uint32_t key, unsigned shift, unsigned bits)
{
	return key >> shift & ((1u << bits) - 1);
}

/* How many keys share the fullest bucket?  Stops counting at LIMIT. */
static unsigned
worst_bucket(const struct dpf_set *s, const struct test *t, unsigned shift,
	unsigned bits, unsigned limit, uint8_t *count)
{
	unsigned worst = 0;

	for (uint32_t i = 0; i < 1u << bits; i++)
		count[i] = 0;
	for (ref_t r = t->first; r != 0 && worst < limit; r = next_arm(s, r)) {
		unsigned n = ++count[window(key_of(s, r), shift, bits)];

		worst = n > worst ? n : worst;
	}
	return worst;
}

/* Choose the window; false when binary search is about as good. */
static bool
choose_window(struct dpf_set *s, struct test *t)
{
	unsigned least = log2_up(t->narms), lo, hi, best;
	uint8_t *count = dpf_pool_scratch(s, (size_t)2 << least);
	uint32_t differ = 0;

	if (count == NULL)
		return false;

	for (ref_t r = t->first; r != 0; r = next_arm(s, r))
		differ |= key_of(s, r) ^ key_of(s, t->first);
	lo = (unsigned)__builtin_ctz(differ);
	hi = 32 - (unsigned)__builtin_clz(differ);
	/* 8 words to find a bucket and 2 a key there, against 3 a level. */
	best = (3 * log2_up((t->narms + GROUP_MAX - 1) / GROUP_MAX)) / 2;
	t->bits = 0;
	for (unsigned bits = least; bits <= least + 1; bits++) {
		if (bits > hi - lo || bits > TABLE_MAX_BITS)
			break;
		for (unsigned at = lo; at + bits <= hi && best > 1; at++) {
			unsigned n = worst_bucket(s, t, at, bits, best, count);

			if (n >= best)
				continue;
			best = n;
			t->bits = (uint8_t)bits;
			t->pos = (uint8_t)at;
		}
	}
	return t->bits != 0;
}

/* ARG: position of the window | its width << 8. */
static bool
lower_bucket(const struct dpf_set *s, ref_t a, ref_t b, uint32_t arg)
{
	uint32_t x = key_of(s, a), y = key_of(s, b);
	uint32_t i = window(x, arg & 0xff, arg >> 8);
	uint32_t k = window(y, arg & 0xff, arg >> 8);

	return i != k ? i < k : x < y;
}

static uint32_t
bucket_of(const struct dpf_set *s, const struct test *t, ref_t arm)
{
	return window(key_of(s, arm), t->pos, t->bits);
}

static void
group_by_bucket(const struct dpf_set *s, struct test *t)
{
	ref_t head = 0;

	t->groups = 0;
	t->first = dpf_list_sort(
		s, t->first, lower_bucket, t->pos | (uint32_t)t->bits << 8);
	for (ref_t r = t->first; r != 0; r = next_arm(s, r)) {
		place_at(s, r)->group = 0;
		if (head == 0 || bucket_of(s, t, head) != bucket_of(s, t, r))
			head = r;
		place_at(s, head)->group++;
	}
}

static void
group_evenly(const struct dpf_set *s, struct test *t)
{
	uint32_t groups = (t->narms + GROUP_MAX - 1) / GROUP_MAX;
	uint32_t left = 0, n = t->narms;

	t->groups = groups;
	for (ref_t r = t->first; r != 0; r = next_arm(s, r)) {
		uint32_t size = 0;

		if (left == 0) {
			size = left = (n + groups - 1) / groups;
			n -= size;
			groups--;
		}
		place_at(s, r)->group = size;
		left--;
	}
}

void
dpf_choose(struct dpf_set *s, ref_t test)
{
	struct test *t = test_at(s, test);

	if (t->narms >= TABLE_MIN && choose_window(s, t))
		group_by_bucket(s, t);
	else
		group_evenly(s, t);
}

/* --- code ----------------------------------------------------------------- */

static ref_t
next_group(const struct dpf_set *s, ref_t head)
{
	for (uint32_t n = place_at(s, head)->group; n > 0; n--)
		head = next_arm(s, head);
	return head;
}

/* Which arm of a group is compared first; the head comes last. */
static ref_t
first_compared(const struct dpf_set *s, ref_t head)
{
	return place_at(s, head)->group > 1 ? next_arm(s, head) : head;
}

/* Jump into a table of jumps, each with the first constant in its slot. */
static void
gen_table(struct gen *g, const struct test *t, uint32_t x, const struct view *v)
{
	uint32_t index = x, table, align = 2u << t->bits, address;
	unsigned pos = (unsigned)t->pos - v->shift;
	ref_t group = t->first;

	if (pos != 0) {
		index = REG_TEMP;
		dpf_gen_op(g, mips_ext(index, x, pos, t->bits));
	}
	g->slot = 0;
	table = g->pc + 5; /* behind lui, ori, ins, jr and its slot */
	table += -(g->address / 4 + table) & (align - 1);
	address = g->address + 4 * table;
	dpf_gen_op(g, mips_i(MIPS_OP_lui, REG_CONST, MIPS_ZERO,
			      (int32_t)(address >> 16)));
	dpf_gen_op(g, mips_i(MIPS_OP_ori, REG_CONST, REG_CONST,
			      (int32_t)(address & 0xffff)));
	dpf_gen_op(g, mips_ins(REG_CONST, index, 3, t->bits));
	dpf_gen_fixed(g, mips_r(MIPS_OP_jr, 0, REG_CONST, 0));
	while (g->pc < table)
		dpf_gen_fixed(g, MIPS_NOP);
	for (uint32_t i = 0; i < 1u << t->bits; i++) {
		uint32_t key;

		if (group == 0 || bucket_of(g->s, t, group) != i) {
			dpf_gen_jump(g, dpf_gen_label_of(g, t->fail));
			continue;
		}
		dpf_gen_jump(g, place_at(g->s, group)->label);
		key = key_of(g->s, first_compared(g->s, group)) >> v->shift;
		if (dpf_li_words(key) > 0)
			dpf_gen_op(g, dpf_li_word(REG_CONST, key, 0));
		group = next_group(g->s, group);
	}
}

void
dpf_gen_choice(struct gen *g, ref_t test)
{
	struct test *t = test_at(g->s, test);
	struct view v = view_of(g->s, t);
	uint32_t reg = REG_FRAME, x, fail = dpf_gen_label_of(g, t->fail);

	dpf_gen_frame(g, t->need, fail);
	if (t->base != REF_FRAME && t->base != REF_LEN)
		reg = dpf_gen_base(g, t->base, t->need_of_base, fail);
	x = dpf_gen_view(g, t->base, reg, &v);
	if (t->groups == 0)
		gen_table(g, t, x, &v);
	t->group = 0;
}

/* Binary search among the groups from HEAD on, as far as it begins here. */
static void
gen_search(struct gen *g, const struct test *t, ref_t head, uint32_t x,
	const struct view *v)
{
	uint32_t lo = 0, hi = t->groups;

	while (lo != t->group) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->group < mid)
			hi = mid;
		else
			lo = mid;
	}
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2, key;
		ref_t r = head;

		for (uint32_t i = lo; i < mid; i++)
			r = next_group(g->s, r);
		key = key_of(g->s, r) >> v->shift;
		if (key <= 0x7fff)
			dpf_gen_op(g, mips_i(MIPS_OP_sltiu, REG_CONST, x,
					      (int32_t)key));
		else
			dpf_gen_op(g, mips_r(MIPS_OP_sltu, REG_CONST, x,
					      dpf_gen_const(g, key)));
		dpf_gen_branch(g, MIPS_OP_beq, REG_CONST, MIPS_ZERO,
			place_at(g->s, r)->label, false);
		hi = mid;
	}
}

/* Compare with the arms of a group; SKIP words of the first constant have been
 * done in the table. */
static void
gen_group(struct gen *g, const struct test *t, ref_t head, uint32_t x,
	const struct view *v, unsigned skip)
{
	uint32_t n = place_at(g->s, head)->group;
	ref_t r = head;

	for (; n > 0; n--) {
		uint32_t key, c = REG_CONST;

		r = n == 1 ? head : next_arm(g->s, r);
		dpf_gen_about(g, DPF_ITEM_TEST, r);
		key = key_of(g->s, r) >> v->shift;
		if (key == 0)
			c = MIPS_ZERO;
		for (unsigned i = skip; i < dpf_li_words(key); i++)
			dpf_gen_op(g, dpf_li_word(REG_CONST, key, i));
		skip = 0;
		if (n == 1)
			dpf_gen_branch(g, MIPS_OP_bne, x, c,
				dpf_gen_label_of(g, t->fail), false);
		else
			dpf_gen_branch(g, MIPS_OP_beq, x, c,
				place_at(g->s, r)->label, false);
	}
}

void
dpf_gen_arm(struct gen *g, ref_t arm)
{
	struct place *p = place_at(g->s, arm);
	struct test *t = test_at(g->s, p->parent);
	struct view v = view_of(g->s, t);
	uint32_t x = value_register(t, &v);

	if (arm != t->first || t->groups == 0)
		p->label = dpf_gen_label(g);
	if (p->group == 0)
		return;
	dpf_gen_about(g, DPF_ITEM_CHOICE, p->parent);
	if (t->groups != 0)
		gen_search(g, t, arm, x, &v);
	gen_group(g, t, arm, x, &v, t->groups == 0);
	t->group++;
}
