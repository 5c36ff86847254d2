/*
 * exec.c - what one classic BPF instruction does to symbolic registers.
 *
 * A load appends a demand for its bytes, a jump ends the run in a comparison.
 * What cannot be said exactly is a value that is not known; only where such a
 * value decides something does the graph accept more than the program.  Values:
 * sym.c; comparisons: compare.c.
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

static bool
is_unknown(const struct sym *s)
{
	return s->kind == SYM_UNKNOWN;
}

static int
set_unknown(struct lift *l, unsigned reg)
{
	struct sym s = dpf_sym_unknown();

	return dpf_lift_set(l, reg, &s);
}

/* A load behind BASE of what NEED bytes there contain, or more. */
static int
load_unknown(struct lift *l, unsigned reg, unsigned base, uint32_t need)
{
	struct lit fit =
		dpf_lit_fit(base, need < DPF_MAX_FRAME ? need : DPF_MAX_FRAME);
	int err = require(l, &fit, true);

	l->residual = true;
	return err == SP_OK ? set_unknown(l, reg) : err;
}

static int
load_field(struct lift *l, unsigned reg, unsigned base, uint32_t off,
	unsigned width, int shift, uint32_t mask)
{
	struct lit fit;
	struct sym s;
	int err;

	if (off > INT32_MAX) /* no frame is that long */
		return SYM_REJECTS;
	if (off > DPF_MAX_FRAME - width) {
		dpf_lift_lose(l, "reads behind the longest frame");
		return load_unknown(l, reg, base, off + width);
	}
	fit = dpf_lit_fit(base, off + width);
	err = require(l, &fit, true);
	if (err != SP_OK)
		return err;
	s = dpf_sym_field(base, off, width);
	s.mask &= mask;
	s.shift = (int8_t)shift;
	return dpf_lift_set(l, reg, &s);
}

static int
load_indexed(struct lift *l, const struct dpf_bpf *i)
{
	const struct sym *x = &l->regs[BPF_REG_X]->sym;
	const char *text = "reads at an offset that is not known";
	struct sym_index at;
	int err = SP_EUNSUPPORTED;

	if (i->k > INT32_MAX)
		return SYM_REJECTS;
	if (!is_unknown(x))
		err = dpf_sym_index(&l->g, x, i->k, &at, &text);
	if (err < 0) {
		dpf_lift_lose(l, text);
		return load_unknown(l, BPF_REG_A, DPF_BASE_FRAME,
			i->k + dpf_bpf_width(i->code));
	}
	if (err == SYM_REJECTS || at.guard.known == FACT_NO)
		return SYM_REJECTS;
	if (at.guard.known == FACT_OPEN) {
		err = require(l, &at.guard.test, !at.guard.opposite);
		if (err != SP_OK)
			return err;
	}
	return load_field(l, BPF_REG_A, at.base, at.off, dpf_bpf_width(i->code),
		0, UINT32_MAX);
}

static int
load(struct lift *l, const struct dpf_bpf *i)
{
	unsigned reg =
		(i->code & BPF_CLASS_MASK) == BPF_LD ? BPF_REG_A : BPF_REG_X;
	unsigned mode = i->code & BPF_MODE_MASK;
	struct sym s;

	switch (mode) {
	case BPF_ABS:
		return load_field(l, reg, DPF_BASE_FRAME, i->k,
			dpf_bpf_width(i->code), 0, UINT32_MAX);
	case BPF_MSH:
		return load_field(l, reg, DPF_BASE_FRAME, i->k, 1, 2, 0xf);
	case BPF_IND:
		return load_indexed(l, i);
	case BPF_MEM:
		s = dpf_sym_num(0);
		if (l->regs[i->k] == NULL) /* never written */
			return dpf_lift_set(l, reg, &s);
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

/* A division by X: 0 rejects. */
static int
require_not_zero(struct lift *l, const struct sym *x)
{
	struct sym zero = dpf_sym_num(0);
	struct sym_cmp c;
	const char *text;

	if (x->kind == SYM_NUM)
		return x->add == 0 ? SYM_REJECTS : SP_OK;
	if (is_unknown(x) ||
		dpf_sym_compare(BPF_JEQ, x, &zero, &c, &text) != SP_OK) {
		dpf_lift_lose(l, "divides by what is not known");
		l->residual = true;
		return SP_OK;
	}
	if (c.first.known != FACT_OPEN)
		return c.first.known == FACT_YES ? SYM_REJECTS : SP_OK;
	return require(l, &c.first.test, c.first.opposite);
}

static int
alu(struct lift *l, const struct dpf_bpf *i)
{
	struct sym a = l->regs[BPF_REG_A]->sym, x = operand(l, i);
	const char *text = "computes with what is not known";
	unsigned op = i->code & BPF_OP_MASK;
	int err = SP_OK;

	if (op == BPF_DIV || op == BPF_MOD)
		err = require_not_zero(l, &x);
	if (err != SP_OK)
		return err;
	err = SP_EUNSUPPORTED;
	if (!is_unknown(&a) && !is_unknown(&x))
		err = dpf_sym_alu(&l->g, op, &a, &x, &text);
	if (err >= 0)
		return err == SP_OK ? dpf_lift_set(l, BPF_REG_A, &a) : err;
	dpf_lift_lose(l, text);
	return set_unknown(l, BPF_REG_A);
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
	const char *text = "compares what is not known";
	struct sym_cmp c;
	int err = SP_EUNSUPPORTED;

	if (!is_unknown(a) && !is_unknown(x))
		err = dpf_sym_compare(op, a, x, &c, &text);
	if (err == SP_OK)
		return put_compare(l, &c, yes, no);
	dpf_lift_lose(l, text);
	if (dpf_graph_add(&l->g, NULL, yes, no) == NULL)
		return dpf_lift_no_memory(l);
	*l->link = dpf_graph_newest(&l->g);
	return SP_OK;
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
