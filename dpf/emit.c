/*
 * emit.c - from the trie to code: alternatives, leaves, the way in and out.
 *
 * The trie is walked once to count and once to write.  Where code falls off an
 * alternative it goes to the next pending one, which is known statically; so is
 * the best rank that may have been found before.  Next: match.c and choose.c
 * for the tests, plan.c for what is known beforehand.
 */
#include "dpf/emit.h"
#include "dpf/table.h"

/* --- what is known -------------------------------------------------------- */

static void
save_at_place(const struct gen *g, struct place *p)
{
	p->frame = g->frame;
	p->nbinds = g->nbinds;
	p->nregs = g->nregs;
}

static void
restore_at_place(struct gen *g, const struct place *p, uint16_t carry)
{
	g->frame = p->frame;
	g->nbinds = p->nbinds;
	g->nregs = p->nregs;
	g->carry = carry;
	g->raw_valid = false;
}

static void
save_at_test(const struct gen *g, struct test *t)
{
	t->frame = g->frame;
	t->nbinds = g->nbinds;
	t->nregs = g->nregs;
}

/* In front of an arm the field of its test is still in REG_RAW. */
static void
restore_at_arm(struct gen *g, const struct test *t)
{
	struct view v = dpf_view(g->s, t->base, t->off, t->width, t->mask);

	g->frame = t->frame;
	g->nbinds = t->nbinds;
	g->nregs = t->nregs;
	g->carry = t->carry;
	g->raw_valid = t->base != REF_LEN;
	g->raw_base = t->base;
	g->raw_off = (uint16_t)v.off;
	g->raw_width = v.width;
}

/* --- pending alternatives ------------------------------------------------- */

static ref_t
fail_of_place(const struct gen *g, const struct place *p)
{
	return p->parent == 0 ? 0 : test_at(g->s, p->parent)->fail;
}

static uint16_t
best_of(const struct gen *g, ref_t alt)
{
	if (alt & REF_LEAF)
		return place_at(g->s, alt & ~(ref_t)REF_LEAF)->leaf_order;
	return test_at(g->s, alt)->max;
}

/* ALT may be reached with ORDER remembered. */
static void
raise_carry(struct gen *g, ref_t alt, uint16_t order)
{
	uint16_t *carry;

	if (alt == 0)
		return;
	if (alt & REF_LEAF)
		carry = &place_at(g->s, alt & ~(ref_t)REF_LEAF)->leaf_carry;
	else
		carry = &test_at(g->s, alt)->carry;
	if (*carry < order)
		*carry = order;
}

/* Neither TEST nor those behind it may hold orders above CAP. */
static void
lower_cap(const struct gen *g, ref_t test, uint16_t cap)
{
	struct test *t = test_at(g->s, test);

	if (t->cap > cap)
		t->cap = cap;
}

static bool
has_leaf_code(const struct gen *g, const struct place *p)
{
	return g->s->kind == DPF_SET_ONE && p->leaf_order != 0;
}

/*
 * The first alternative from ALT on that may beat ORDER.  What is passed over
 * may never hold a better one, as long as the code is what it is.  The tests of
 * a place are sorted, so all behind one that is passed over are, too.
 */
static ref_t
better(const struct gen *g, ref_t alt, uint16_t order)
{
	while (alt != 0 && best_of(g, alt) <= order) {
		ref_t place = alt & ~(ref_t)REF_LEAF;

		if ((alt & REF_LEAF) == 0) {
			place = test_at(g->s, alt)->parent;
			lower_cap(g, alt, order);
		}
		if ((alt & REF_LEAF) == 0 &&
			has_leaf_code(g, place_at(g->s, place)))
			alt = place | REF_LEAF;
		else
			alt = fail_of_place(g, place_at(g->s, place));
	}
	return alt;
}

/* Chain the alternatives of PLACE: tests best first, then its leaf. */
static void
chain_alternatives(struct gen *g, ref_t place)
{
	struct place *p = place_at(g->s, place);
	ref_t r = dpf_plan_first(g->s, place), last = fail_of_place(g, p);

	for (ref_t t = p->tests; t != 0; t = test_at(g->s, t)->link.next)
		test_at(g->s, t)->cap = test_at(g->s, t)->max > p->leaf_order
						? UINT16_MAX
						: p->leaf_order;

	if (has_leaf_code(g, p))
		last = place | REF_LEAF;
	p->leaf_carry = 0;
	while (r != 0) {
		struct test *t = test_at(g->s, r);

		r = dpf_plan_next(g->s, r);
		t->carry = 0;
		t->fail = r != 0 ? r : last;
	}
}

/* --- leaves --------------------------------------------------------------- */

void
dpf_gen_exit(struct gen *g)
{
	uint32_t jr = mips_r(MIPS_OP_jr, 0, MIPS_RA, 0);

	dpf_gen_about(g, DPF_ITEM_FRAME, 0);
	if (g->s->kind == DPF_SET_ONE) {
		dpf_gen_fixed(g, jr);
		dpf_gen_fixed(g,
			mips_i(MIPS_OP_andi, MIPS_V0, REG_BEST, GEN_ID_MASK));
	} else {
		dpf_gen_op(g, mips_r(MIPS_OP_subu, MIPS_V0, REG_IDS, REG_BEST));
		dpf_gen_fixed(g, jr);
		dpf_gen_fixed(g, mips_shift(MIPS_OP_srl, MIPS_V0, MIPS_V0, 1));
	}
}

/* REG_BEST becomes ORDER and ID unless something better is remembered. */
static void
gen_remember(struct gen *g, uint32_t best, bool certain)
{
	uint32_t reg = certain ? REG_BEST : REG_CONST;

	g->slot = 0;
	for (unsigned i = 0; i < dpf_li_words(best); i++)
		dpf_gen_op(g, dpf_li_word(reg, best, i));
	if (certain)
		return;
	dpf_gen_best(g);
}

void
dpf_gen_best(struct gen *g)
{
	dpf_gen_op(g, mips_r(MIPS_OP_sltu, REG_RAW, REG_BEST, REG_CONST));
	dpf_gen_op(g, mips_r(MIPS_OP_movn, REG_BEST, REG_CONST, REG_RAW));
}

static void
gen_leaf(struct gen *g, ref_t place)
{
	const struct place *p = place_at(g->s, place);
	uint16_t order = p->leaf_order;
	uint32_t best = (uint32_t)order << 16 | p->leaf_id;
	bool certain = order > g->carry;
	ref_t next = better(g, fail_of_place(g, p), order);

	dpf_gen_about(g, DPF_ITEM_LEAF, place);
	g->about.id = p->leaf_id;
	if (next == 0 && certain) {
		dpf_gen_fixed(g, mips_r(MIPS_OP_jr, 0, MIPS_RA, 0));
		dpf_gen_fixed(g, dpf_li_word(MIPS_V0, p->leaf_id, 0));
		return;
	}
	gen_remember(g, best, certain);
	if (next == 0) {
		dpf_gen_exit(g);
		return;
	}
	raise_carry(g, next, certain ? order : g->carry);
	dpf_gen_jump(g, dpf_gen_label_of(g, next));
}

/* All ranges of a group go on to what is behind it. */
static void
chain_group(struct gen *g, ref_t head)
{
	const struct test *first = test_at(g->s, head);

	for (ref_t r = head; r != 0; r = dpf_range_next(g->s, r)) {
		test_at(g->s, r)->fail = first->fail;
		test_at(g->s, r)->carry = first->carry;
	}
}

/* Does the code of the next pending alternative follow that of P? */
static bool
falls_through(const struct gen *g, const struct place *p)
{
	while (p->parent != 0) {
		const struct test *t = test_at(g->s, p->parent);

		if (p->link.next != 0 || dpf_range_next(g->s, p->parent) != 0)
			return false;
		if (dpf_plan_next(g->s, p->parent) != 0)
			return true;
		p = place_at(g->s, t->parent);
	}
	return true;
}

/* ALL: store the ids of the filters that end here. */
static void
gen_ids(struct gen *g, ref_t place)
{
	enum { BATCH = 4096 };
	const struct place *p = place_at(g->s, place);
	int32_t n = 0;

	dpf_gen_about(g, DPF_ITEM_LEAF, place);
	for (ref_t r = p->leaves; r != 0;) {
		const struct leaf *l = leaf_at(g->s, r);

		g->about.id = l->id;
		dpf_gen_op(g, dpf_li_word(REG_CONST, l->id, 0));
		dpf_gen_fixed(
			g, mips_i(MIPS_OP_sh, REG_CONST, REG_IDS, 2 * n++));
		r = l->next;
		if (n == BATCH || r == 0) {
			dpf_gen_fixed(g,
				mips_i(MIPS_OP_addiu, REG_IDS, REG_IDS, 2 * n));
			n = 0;
		}
	}
	if (dpf_plan_first(g->s, place) != 0 || falls_through(g, p))
		return;
	dpf_gen_jump(g, dpf_gen_label_of(g, fail_of_place(g, p)));
}

/* --- the walk ------------------------------------------------------------- */

static void
enter_place(struct gen *g, ref_t place)
{
	struct place *p = place_at(g->s, place);
	uint32_t fail = dpf_gen_label_of(g, fail_of_place(g, p));

	dpf_gen_about(g, DPF_ITEM_BOUND, place);
	dpf_gen_frame(g, p->need, fail);
	if (p->need_base != 0)
		dpf_gen_base(g, p->need_base, p->need_of_base, fail);
	save_at_place(g, p);
	chain_alternatives(g, place);
	if (g->s->kind == DPF_SET_ALL && p->leaves != 0)
		gen_ids(g, place);
}

/* Several tests may have been done at once: those between ARM and TEST. */
static void
share_with_run(struct gen *g, ref_t test, ref_t arm)
{
	const struct test *t = test_at(g->s, test);

	for (ref_t r = place_at(g->s, arm)->parent; r != test;) {
		struct test *x = test_at(g->s, r);

		x->fail = t->fail;
		x->carry = t->carry;
		x->cap = UINT16_MAX;
		r = place_at(g->s, x->parent)->parent;
	}
}

/*
 * Code of a table.  It stays right for other orders than those it has now, as
 * long as all comparisons made here come out the same.
 */
static void
enter_table(struct gen *g, ref_t test)
{
	const struct test *t = test_at(g->s, test);
	struct table *table = table_at(g->s, t->link.key);
	struct gen_hit hit = { .certain = table->min > g->carry };

	if (g->s->kind == DPF_SET_ONE)
		hit.next = better(g, t->fail, table->min);
	table->lo = hit.certain ? (uint16_t)(g->carry + 1) : 0;
	if (hit.next != t->fail && g->s->kind == DPF_SET_ONE)
		table->lo = table->min;
	if (hit.next != 0)
		raise_carry(g, hit.next, UINT16_MAX);
	dpf_gen_table(g, test, hit);
	if (!falls_through(g, place_at(g->s, t->first)))
		dpf_gen_jump(g, dpf_gen_label_of(g, t->fail));
}

/* Code up to what is behind RANGE, which is returned. */
static ref_t
enter_range(struct gen *g, ref_t range)
{
	const struct test *t = test_at(g->s, range);

	dpf_gen_range(g, range);
	share_with_run(g, range, t->inner);
	return t->inner;
}

/* Likewise of the first range of a group. */
static ref_t
enter_group(struct gen *g, ref_t head)
{
	chain_group(g, head);
	dpf_gen_about(g, DPF_ITEM_CHOICE, head);
	dpf_gen_ranges(g, head);
	save_at_test(g, test_at(g->s, head));
	return enter_range(g, head);
}

static void
restore_at_range(struct gen *g, ref_t range)
{
	const struct test *t = test_at(g->s, test_at(g->s, range)->head);

	g->frame = t->frame;
	g->nbinds = t->nbinds;
	g->nregs = t->nregs;
	g->carry = t->carry;
	g->raw_valid = false;
}

/* Code of TEST up to its first arm, which is returned. */
static ref_t
enter_test(struct gen *g, ref_t test, bool first)
{
	struct test *t = test_at(g->s, test);
	ref_t arm;

	if (first) {
		t->carry = g->carry;
	} else {
		t->label = dpf_gen_label(g);
		restore_at_place(g, place_at(g->s, t->parent), t->carry);
	}
	if (t->kind == KIND_TABLE) {
		dpf_gen_about(g, DPF_ITEM_TABLE, test);
		enter_table(g, test);
		return t->first;
	}
	if (t->head != 0)
		return enter_group(g, test);
	if (t->narms == 1) {
		dpf_gen_about(g, DPF_ITEM_TEST, t->first);
		arm = dpf_gen_single(g, test);
		share_with_run(g, test, arm);
		return arm;
	}
	dpf_gen_about(g, DPF_ITEM_CHOICE, test);
	dpf_gen_choice(g, test);
	save_at_test(g, t);
	dpf_gen_arm(g, t->first);
	return t->first;
}

/* The alternative that TEST is, perhaps with others. */
static const struct test *
alternative(const struct gen *g, ref_t test)
{
	const struct test *t = test_at(g->s, test);

	return t->head != 0 ? test_at(g->s, t->head) : t;
}

/*
 * PLACE and all below it are done: make its leaf, then find what comes next.
 * Returns a place to enter, or 0 at the end.
 */
static ref_t
leave_place(struct gen *g, ref_t place)
{
	for (;;) {
		struct place *p = place_at(g->s, place);
		ref_t test = p->parent, next;
		struct test *t = test_at(g->s, test);

		if (has_leaf_code(g, p)) {
			if (dpf_plan_first(g->s, place) != 0) {
				p->leaf_label = dpf_gen_label(g);
				restore_at_place(g, p, p->leaf_carry);
			}
			gen_leaf(g, place);
		}
		if (test == 0)
			return 0;
		if (p->link.next != 0) {
			restore_at_arm(g, t);
			dpf_gen_arm(g, p->link.next);
			return p->link.next;
		}
		next = dpf_range_next(g->s, test);
		if (next != 0) {
			restore_at_range(g, next);
			return enter_range(g, next);
		}
		raise_carry(g, t->fail, t->carry);
		next = dpf_plan_next(g->s, test);
		if (next != 0) {
			lower_cap(g, next, alternative(g, test)->cap);
			return enter_test(g, next, false);
		}
		place = t->parent;
	}
}

/* One pass; returns the number of words. */
static uint32_t
generate(struct gen *g, uint32_t *code)
{
	ref_t place = g->s->trie;
	uint32_t zero = g->s->kind == DPF_SET_ONE ? MIPS_ZERO : REG_IDS;

	g->code = code;
	g->pc = g->slot = 0;
	g->coded = 0;
	g->frame = g->carry = 0;
	g->nbinds = g->nregs = g->top = 0;
	g->raw_valid = false;
	dpf_gen_about(g, DPF_ITEM_BOUND, place);
	dpf_gen_frame(g, place_at(g->s, place)->need, g->exit);
	dpf_gen_about(g, DPF_ITEM_FRAME, 0);
	dpf_gen_op(g, mips_r(MIPS_OP_addu, REG_BEST, zero, MIPS_ZERO));
	while (place != 0) {
		ref_t test;

		enter_place(g, place);
		test = dpf_plan_first(g->s, place);
		if (test != 0)
			place = enter_test(g, test, true);
		else
			place = leave_place(g, place);
	}
	g->exit = dpf_gen_label(g);
	dpf_gen_exit(g);
	dpf_gen_tails(g);
	dpf_gen_residuals(g);
	return g->pc;
}

uint32_t
dpf_gen(struct dpf_set *s, uint32_t *code, uint32_t address, bool far)
{
	struct gen g = { .s = s,
		.address = address,
		.far = far,
		.exit = s->exit,
		.raw = REG_RAW,
		.value = REG_VALUE };
	uint32_t words = generate(&g, code);

	s->exit = g.exit;
	s->coded = g.coded;
	return words;
}

int
dpf_set_emit(
	struct dpf_set *s, uint32_t *code, size_t room_words, uint32_t address)
{
	uint32_t words;
	bool far = false;

	dpf_plan(s);
	words = dpf_gen(s, NULL, address, far);
	if (words > GEN_NEAR_WORDS) {
		far = true;
		words = dpf_gen(s, NULL, address, far);
	}
	if (words > room_words || words > INT32_MAX / 4)
		return SP_ENOMEM;
	return (int)dpf_gen(s, code, address, far);
}
