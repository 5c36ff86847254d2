/*
 * gen_tail.c - code of a tail: every node once, called from where paths end.
 *
 * A call puts the address behind it into REG_RETURN; the tail comes back with 1
 * or 0 in REG_CONST.  What is known at a node is what is known on all ways that
 * lead there; all edges lead forward, so one look suffices.
 */
#include "dpf/emit.h"

static struct tail *
tail_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

void
dpf_gen_call(struct gen *g, uint32_t label, uint32_t fail)
{
	uint32_t back;

	g->slot = 0;
	back = g->address + 4 * (g->pc + 3);
	dpf_gen_op(g, mips_i(MIPS_OP_lui, REG_RETURN, MIPS_ZERO,
			      (int32_t)(back >> 16)));
	dpf_gen_jump(g, label);
	dpf_gen_op(g, mips_i(MIPS_OP_ori, REG_RETURN, REG_RETURN,
			      (int32_t)(back & 0xffff)));
	dpf_gen_branch(g, MIPS_OP_beq, REG_CONST, MIPS_ZERO, fail, false);
	g->raw_valid = false;
}

void
dpf_gen_tail_call(struct gen *g, ref_t node, uint32_t fail)
{
	dpf_gen_call(g, tail_at(g->s, node)->label, fail);
}

/* --- what is known ---------------------------------------------------------- */

static void
forget(const struct gen *g, ref_t head)
{
	for (; head != 0; head = tail_at(g->s, head)->link.next) {
		struct tail *t = tail_at(g->s, head);
		uint16_t all = t->entered ? 0 : UINT16_MAX;

		t->frame = all;
		for (unsigned i = 0; i < TAIL_BASES; i++)
			t->known[i] = all;
	}
}

static void
enter_node(struct gen *g, const struct tail *t)
{
	g->raw_valid = false;
	g->frame = t->frame;
	g->nbinds = 0;
	for (unsigned i = g->top; i < g->nregs; i++)
		if (t->known[i] != 0)
			dpf_gen_bind(g, g->owner[i], t->known[i],
				dpf_gen_base_register(i));
}

/* T can be reached from here. */
static void
tell(const struct gen *g, struct tail *t)
{
	if (t->frame > g->frame)
		t->frame = g->frame;
	for (unsigned i = 0; i < TAIL_BASES; i++) {
		uint32_t known = 0;

		if (i >= g->top && i < g->nregs)
			known = dpf_gen_known(g, g->owner[i]);
		if (t->known[i] > known)
			t->known[i] = (uint16_t)known;
	}
}

/* --- code ------------------------------------------------------------------- */

static struct literal
inverse(struct literal l)
{
	static const uint8_t other[] = { [KIND_EQ] = KIND_NE,
		[KIND_NE] = KIND_EQ,
		[KIND_GT] = KIND_LE,
		[KIND_LE] = KIND_GT };

	l.kind = other[l.kind];
	return l;
}

/* Bytes and base of T's literal; returns the register of the base. */
static uint32_t
gen_bounds(struct gen *g, const struct tail *t, uint32_t reject)
{
	ref_t base = t->lit.base;
	uint32_t need = (uint32_t)t->lit.off + t->lit.width;

	if (base == REF_LEN)
		return 0;
	dpf_gen_frame(g, dpf_need_of_frame(g->s, base, need), reject);
	return base == REF_FRAME ? (uint32_t)REG_FRAME
				 : dpf_gen_base(g, base, need, reject);
}

/* The last node of the row that T begins; T if it begins none. */
static const struct tail *
last_of(const struct gen *g, const struct tail *t)
{
	while (tail_at(g->s, t->link.next)->in_row)
		t = tail_at(g->s, t->link.next);
	return t;
}

/* Code for T, and for the row that it begins; returns the node that follows. */
static ref_t
gen_node(struct gen *g, struct tail *t, uint32_t reject)
{
	struct tail *yes = tail_at(g->s, t->yes), *no = tail_at(g->s, t->no);
	ref_t next = t->link.next;
	uint32_t reg;

	enter_node(g, t);
	reg = gen_bounds(g, t, reject);
	tell(g, yes);
	tell(g, tail_at(g->s, last_of(g, t)->no));
	if (t->yes != t->no && t->no == next) {
		struct literal l = inverse(t->lit);

		dpf_gen_literal(g, &l, reg, yes->label);
		return tail_at(g->s, next)->in_row ? dpf_gen_row(g, next, reg)
						   : next;
	}
	if (t->yes != t->no)
		dpf_gen_literal(g, &t->lit, reg, no->label);
	if (t->yes != next)
		dpf_gen_jump(g, yes->label);
	return next;
}

static void
gen_tail(struct gen *g, ref_t head)
{
	uint32_t reject = 0, id = tail_at(g->s, head)->id;

	forget(g, head);
	g->nregs = g->top;
	for (ref_t r = head; r != 0; r = tail_at(g->s, r)->link.next)
		reject = tail_at(g->s, r)->label; /* the last one */
	while (head != 0) {
		struct tail *t = tail_at(g->s, head);

		t->label = dpf_gen_label(g);
		dpf_gen_about(g, DPF_ITEM_TAIL, head);
		g->about.id = id;
		if (!t->is_end) {
			head = gen_node(g, t, reject);
			continue;
		}
		head = t->link.next;
		dpf_gen_fixed(g, mips_r(MIPS_OP_jr, 0, REG_RETURN, 0));
		dpf_gen_fixed(g,
			mips_i(MIPS_OP_ori, REG_CONST, MIPS_ZERO, t->accepts));
	}
}

void
dpf_gen_tails(struct gen *g)
{
	g->in_tail = true;
	for (ref_t r = g->s->tails; r != 0; r = tail_at(g->s, r)->link.key)
		gen_tail(g, r);
	g->in_tail = false;
}
