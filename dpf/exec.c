/*
 * exec.c - what one classic BPF instruction does to symbolic registers.
 *
 * A load appends a demand for its bytes, a jump ends the run in a comparison.
 * Values: sym.c; comparisons: compare.c.
 */
#include "dpf/lift.h"

/* Append a test that leads on when it comes out as YES, else rejects. */
static int
require(struct lift *l, const struct lit *t, bool yes)
{
	struct graph_node *n =
		dpf_graph_add(&l->g, t, GRAPH_REJECT, GRAPH_REJECT);

	if (n == NULL)
		return dpf_lift_no_memory(l);
	*l->link = dpf_graph_newest(&l->g);
	l->link = yes ? &n->yes : &n->no;
	return SP_OK;
}

static int
load_field(struct lift *l, unsigned reg, unsigned base, uint32_t off,
	unsigned width, int shift, uint32_t mask)
{
	struct lit fit;
	struct sym s;
	int err;

	if (off > DPF_MAX_FRAME - width)
		return dpf_lift_refuse(
			l, "reads behind the longest frame", SP_EUNSUPPORTED);
	fit = dpf_lit_fit(base, off + width);
	err = require(l, &fit, true);
	if (err != SP_OK)
		return err;
	s = dpf_sym_field(base, off, width);
	s.mask &= mask;
	s.shift = (int8_t)shift;
	return dpf_lift_set(l, reg, &s);
}

static unsigned
load_width(uint16_t code)
{
	switch (code & BPF_SIZE_MASK) {
	case BPF_H:
		return 2;
	case BPF_B:
		return 1;
	default:
		return 4;
	}
}

static int
load_indexed(struct lift *l, const struct dpf_bpf *i)
{
	struct sym_index at;
	const char *text;
	int err = dpf_sym_index(
		&l->g, &l->regs[BPF_REG_X]->sym, i->k, &at, &text);

	if (err < 0)
		return dpf_lift_refuse(l, text, err);
	if (err == SYM_REJECTS || at.guard.known == FACT_NO)
		return SYM_REJECTS;
	if (at.guard.known == FACT_OPEN) {
		err = require(l, &at.guard.test, !at.guard.opposite);
		if (err != SP_OK)
			return err;
	}
	return load_field(l, BPF_REG_A, at.base, at.off, load_width(i->code), 0,
		UINT32_MAX);
}

static int
load(struct lift *l, const struct dpf_bpf *i)
{
	unsigned reg =
		(i->code & BPF_CLASS_MASK) == BPF_LD ? BPF_REG_A : BPF_REG_X;
	unsigned mode = i->code & BPF_MODE_MASK;
	struct sym s;

	if ((mode == BPF_ABS || mode == BPF_IND) && i->k >= 0xfffff000)
		return dpf_lift_refuse(l,
			"reads what the Linux kernel adds to a frame",
			SP_EUNSUPPORTED);
	switch (mode) {
	case BPF_ABS:
		return load_field(l, reg, DPF_BASE_FRAME, i->k,
			load_width(i->code), 0, UINT32_MAX);
	case BPF_MSH:
		return load_field(l, reg, DPF_BASE_FRAME, i->k, 1, 2, 0xf);
	case BPF_IND:
		return load_indexed(l, i);
	case BPF_MEM:
		if (l->regs[i->k] == NULL)
			return dpf_lift_refuse(l,
				"reads memory that was never written",
				SP_EUNSUPPORTED);
		l->regs[reg] = l->regs[i->k];
		return SP_OK;
	case BPF_LEN:
		s = dpf_sym_field(DPF_BASE_LEN, 0, 4);
		return dpf_lift_set(l, reg, &s);
	default:
		s = dpf_sym_num(i->k);
		return dpf_lift_set(l, reg, &s);
	}
}

static struct sym
operand(const struct lift *l, const struct dpf_bpf *i)
{
	return (i->code & BPF_X) != 0 ? l->regs[BPF_REG_X]->sym
				      : dpf_sym_num(i->k);
}

static int
alu(struct lift *l, const struct dpf_bpf *i)
{
	struct sym a = l->regs[BPF_REG_A]->sym, x = operand(l, i);
	const char *text;
	int err = dpf_sym_alu(&l->g, i->code & BPF_OP_MASK, &a, &x, &text);

	if (err < 0)
		return dpf_lift_refuse(l, text, err);
	return err == SP_OK ? dpf_lift_set(l, BPF_REG_A, &a) : err;
}

static int
put_atom(struct lift *l, const struct sym_atom *a, uint32_t yes, uint32_t no,
	uint32_t *edge)
{
	if (a->known != FACT_OPEN) {
		*edge = a->known == FACT_YES ? yes : no;
		return SP_OK;
	}
	if (dpf_graph_add(&l->g, &a->test, a->opposite ? no : yes,
		    a->opposite ? yes : no) == NULL)
		return dpf_lift_no_memory(l);
	*edge = dpf_graph_newest(&l->g);
	return SP_OK;
}

/* End the run with a comparison that leads to YES or NO. */
static int
put_compare(struct lift *l, const struct sym_cmp *c, uint32_t yes, uint32_t no)
{
	struct graph_node *first = NULL;
	uint32_t high, low;
	int err;

	/* The first test gets the lower number, its edges later. */
	if (c->first.known == FACT_OPEN) {
		first = dpf_graph_add(&l->g, &c->first.test, yes, no);
		if (first == NULL)
			return dpf_lift_no_memory(l);
		*l->link = dpf_graph_newest(&l->g);
	}
	err = put_atom(l, &c->high, yes, no, &high);
	if (err == SP_OK)
		err = put_atom(l, &c->low, yes, no, &low);
	if (err != SP_OK)
		return err;
	if (first == NULL) {
		*l->link = c->first.known == FACT_YES ? high : low;
	} else {
		first->yes = c->first.opposite ? low : high;
		first->no = c->first.opposite ? high : low;
	}
	return SP_OK;
}

static int
compare(struct lift *l, unsigned op, const struct sym *a, const struct sym *x,
	uint32_t yes, uint32_t no)
{
	struct sym_cmp c;
	const char *text;
	int err = dpf_sym_compare(op, a, x, &c, &text);

	if (err != SP_OK)
		return dpf_lift_refuse(l, text, err);
	return put_compare(l, &c, yes, no);
}

static int
jump(struct lift *l, const struct dpf_bpf *i)
{
	uint32_t yes, no;
	struct sym x;
	int err;

	if (i->code == (BPF_JMP | BPF_JA))
		return dpf_lift_edge(l, l->pc + 1 + i->k, l->link);
	x = operand(l, i);
	err = dpf_lift_edge(l, l->pc + 1 + i->jt, &yes);
	if (err == SP_OK)
		err = dpf_lift_edge(l, l->pc + 1 + i->jf, &no);
	if (err != SP_OK)
		return err;
	return compare(l, i->code & BPF_OP_MASK, &l->regs[BPF_REG_A]->sym, &x,
		yes, no);
}

static int
end(struct lift *l, const struct dpf_bpf *i)
{
	struct sym zero = dpf_sym_num(0);

	if (i->code == (BPF_RET | BPF_A))
		return compare(l, BPF_JEQ, &l->regs[BPF_REG_A]->sym, &zero,
			GRAPH_REJECT, GRAPH_ACCEPT);
	*l->link = i->k != 0 ? GRAPH_ACCEPT : GRAPH_REJECT;
	return SP_OK;
}

/* One instruction that is neither a jump nor an end. */
static int
execute(struct lift *l, const struct dpf_bpf *i)
{
	switch (i->code & BPF_CLASS_MASK) {
	case BPF_LD:
	case BPF_LDX:
		return load(l, i);
	case BPF_ST:
		l->regs[i->k] = l->regs[BPF_REG_A];
		return SP_OK;
	case BPF_STX:
		l->regs[i->k] = l->regs[BPF_REG_X];
		return SP_OK;
	case BPF_ALU:
		return alu(l, i);
	default:
		if (i->code == BPF_MISC)
			l->regs[BPF_REG_X] = l->regs[BPF_REG_A];
		else
			l->regs[BPF_REG_A] = l->regs[BPF_REG_X];
		return SP_OK;
	}
}

int
dpf_lift_run(struct lift *l, struct run *r)
{
	__builtin_memcpy(l->regs, r->regs, sizeof(l->regs));
	l->link = &r->entry;
	r->entry = GRAPH_REJECT;
	for (l->pc = r->pc;; l->pc++) {
		const struct dpf_bpf *i = &l->prog[l->pc];
		int err;

		if ((i->code & BPF_CLASS_MASK) == BPF_JMP)
			return jump(l, i);
		if ((i->code & BPF_CLASS_MASK) == BPF_RET)
			return end(l, i);
		err = execute(l, i);
		if (err != SP_OK)
			return err == SYM_REJECTS ? SP_OK : err;
	}
}
