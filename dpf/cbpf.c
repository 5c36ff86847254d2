/*
 * cbpf.c - lift a classic BPF program to a filter by running it symbolically.
 *
 * A run is a place in the program with the symbolic values of the registers
 * that are live there; equal ones are made once.  Jumps lead forward, so runs
 * are taken in order of their place.  No facts are used here: prune.c removes
 * the paths that cannot happen.  Values: sym.c.
 */
#include "dpf/bpf.h"
#include "dpf/sym.h"

#include <spindle/bytes.h>

/* A symbolic value, held once: equal values are equal pointers. */
struct held {
	struct held *next; /* of the same hash */
	struct sym sym;
};

struct run {
	struct run *next;    /* of the same hash */
	struct run *sibling; /* at the same instruction */
	uint32_t id;
	uint32_t pc;
	uint32_t entry; /* where its part of the graph begins */
	const struct held *regs[BPF_REGS]; /* NULL: dead, or never written */
};

/* In an edge: the rest is a run's id.  The ends of graph.h are larger. */
#define TO_RUN 0x80000000u

struct lift {
	struct graph g;
	const struct dpf_bpf *prog;
	size_t n;
	uint32_t *live;
	struct run **at; /* the runs at each instruction */
	struct run **runs;
	struct held **held;
	uint32_t hash_mask, nruns;
	struct dpf_why *why;
	/* the run in hand */
	const struct held *regs[BPF_REGS];
	uint32_t *link; /* the edge that leads to what comes next */
	uint32_t pc;
};

static int
refuse(struct lift *l, const char *text, int err)
{
	l->why->pc = l->pc;
	l->why->text = text;
	return err;
}

static int
no_memory(struct lift *l)
{
	return refuse(l, "needs more working memory", SP_ENOMEM);
}

static uint32_t
mix(uint32_t hash, uint32_t word)
{
	hash = (hash ^ word) * 0x9e3779b1u;
	return hash ^ hash >> 15;
}

static const struct held *
hold(struct lift *l, const struct sym *s)
{
	uint32_t hash = mix(mix(mix(s->add, s->mask), s->off),
		s->kind | (uint32_t)s->base << 8 | (uint32_t)s->width << 16 |
			(uint32_t)(uint8_t)s->shift << 24);
	struct held **slot = &l->held[hash & l->hash_mask];
	struct held *h;

	for (h = *slot; h != NULL; h = h->next)
		if (__builtin_memcmp(&h->sym, s, sizeof(*s)) == 0)
			return h;
	h = dpf_bump_take(&l->g.mem, 1, sizeof(*h));
	if (h == NULL)
		return NULL;
	h->sym = *s;
	h->next = *slot;
	*slot = h;
	return h;
}

static bool
run_is_here(const struct lift *l, const struct run *r, uint32_t pc)
{
	if (r->pc != pc)
		return false;
	for (unsigned i = 0; i < BPF_REGS; i++)
		if ((l->live[pc] & BIT(i)) != 0 && r->regs[i] != l->regs[i])
			return false;
	return true;
}

/* The edge to instruction PC with the registers as they are. */
static int
edge_to(struct lift *l, uint32_t pc, uint32_t *edge)
{
	uint32_t hash = pc;
	struct run **slot, *r;

	for (unsigned i = 0; i < BPF_REGS; i++)
		if ((l->live[pc] & BIT(i)) != 0)
			hash = mix(
				hash, (uint32_t)((uintptr_t)l->regs[i] >> 3));
	slot = &l->runs[hash & l->hash_mask];
	for (r = *slot; r != NULL; r = r->next)
		if (run_is_here(l, r, pc))
			break;
	if (r == NULL) {
		r = dpf_bump_take(&l->g.mem, 1, sizeof(*r));
		if (r == NULL)
			return no_memory(l);
		r->id = l->nruns++;
		r->pc = pc;
		for (unsigned i = 0; i < BPF_REGS; i++)
			if ((l->live[pc] & BIT(i)) != 0)
				r->regs[i] = l->regs[i];
		r->next = *slot;
		*slot = r;
		r->sibling = l->at[pc];
		l->at[pc] = r;
	}
	*edge = TO_RUN | r->id;
	return SP_OK;
}

static int
set_reg(struct lift *l, unsigned reg, const struct sym *s)
{
	l->regs[reg] = hold(l, s);
	return l->regs[reg] == NULL ? no_memory(l) : SP_OK;
}

/* Append a test that leads on when it comes out as YES, else rejects. */
static int
require(struct lift *l, const struct lit *t, bool yes)
{
	struct graph_node *n =
		dpf_graph_add(&l->g, t, GRAPH_REJECT, GRAPH_REJECT);

	if (n == NULL)
		return no_memory(l);
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
		return refuse(
			l, "reads behind the longest frame", SP_EUNSUPPORTED);
	fit = dpf_lit_fit(base, off + width);
	err = require(l, &fit, true);
	if (err != SP_OK)
		return err;
	s = dpf_sym_field(base, off, width);
	s.mask &= mask;
	s.shift = (int8_t)shift;
	return set_reg(l, reg, &s);
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
		return refuse(l, text, err);
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
		return refuse(l, "reads what the Linux kernel adds to a frame",
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
			return refuse(l, "reads memory that was never written",
				SP_EUNSUPPORTED);
		l->regs[reg] = l->regs[i->k];
		return SP_OK;
	case BPF_LEN:
		s = dpf_sym_field(DPF_BASE_LEN, 0, 4);
		return set_reg(l, reg, &s);
	default:
		s = dpf_sym_num(i->k);
		return set_reg(l, reg, &s);
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
		return refuse(l, text, err);
	return err == SP_OK ? set_reg(l, BPF_REG_A, &a) : err;
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
		return no_memory(l);
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
			return no_memory(l);
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
		return refuse(l, text, err);
	return put_compare(l, &c, yes, no);
}

static int
jump(struct lift *l, const struct dpf_bpf *i)
{
	uint32_t yes, no;
	struct sym x;
	int err;

	if (i->code == (BPF_JMP | BPF_JA))
		return edge_to(l, l->pc + 1 + i->k, l->link);
	x = operand(l, i);
	err = edge_to(l, l->pc + 1 + i->jt, &yes);
	if (err == SP_OK)
		err = edge_to(l, l->pc + 1 + i->jf, &no);
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

static int
take_run(struct lift *l, struct run *r)
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

static uint32_t
resolved(const uint32_t *entries, uint32_t edge)
{
	if (edge >= GRAPH_REJECT || (edge & TO_RUN) == 0)
		return edge;
	return entries[edge & ~TO_RUN];
}

/* Replace edges to runs by edges to the nodes that they begin with. */
static int
resolve(struct lift *l)
{
	uint32_t *entries =
		dpf_bump_take(&l->g.mem, l->nruns, sizeof(*entries));

	if (entries == NULL)
		return no_memory(l);
	for (size_t pc = l->n; pc-- > 0;)
		for (const struct run *r = l->at[pc]; r != NULL; r = r->sibling)
			entries[r->id] = resolved(entries, r->entry);
	for (uint32_t i = 0; i < l->g.nnodes; i++) {
		struct graph_node *n = dpf_graph_at(&l->g, i);

		n->yes = resolved(entries, n->yes);
		n->no = resolved(entries, n->no);
	}
	l->at[0]->entry = entries[l->at[0]->id];
	return SP_OK;
}

/* Lay out the working memory and check the program. */
static int
start(struct lift *l, void *scratch, size_t bytes)
{
	struct sym zero = dpf_sym_num(0);
	struct bump *mem = &l->g.mem;
	uint32_t edge;
	int err;

	if (l->n == 0)
		return refuse(l, "has no instructions", SP_EFORMAT);
	if (dpf_graph_init(&l->g, scratch, bytes) != SP_OK)
		return no_memory(l);
	l->hash_mask = l->g.tests_mask;
	l->live = dpf_bump_take(mem, l->n, sizeof(*l->live));
	l->at = dpf_bump_take(mem, l->n, sizeof(*l->at));
	l->runs = dpf_bump_take(mem, l->hash_mask + 1, sizeof(*l->runs));
	l->held = dpf_bump_take(mem, l->hash_mask + 1, sizeof(*l->held));
	if (l->live == NULL || l->at == NULL || l->runs == NULL ||
		l->held == NULL)
		return no_memory(l);
	err = dpf_bpf_check(l->prog, l->n, l->live, l->why);
	if (err == SP_OK)
		err = set_reg(l, BPF_REG_A, &zero);
	if (err == SP_OK)
		err = set_reg(l, BPF_REG_X, &zero);
	return err == SP_OK ? edge_to(l, 0, &edge) : err;
}

/* Run the program, then prune and write what it came to. */
static int
lift(struct lift *l, void *out, size_t room)
{
	int err = SP_OK;

	for (size_t pc = 0; pc < l->n; pc++)
		for (struct run *r = l->at[pc]; r != NULL && err == SP_OK;
			r = r->sibling)
			err = take_run(l, r);
	if (err == SP_OK)
		err = resolve(l);
	if (err != SP_OK)
		return err;
	l->pc = 0;
	err = dpf_graph_finish(&l->g, l->at[0]->entry, out, room);
	return err == SP_ENOMEM ? refuse(l, "makes a filter that is too large",
					  SP_ENOMEM)
				: err;
}

int
dpf_lift(const struct dpf_bpf *prog, size_t n, void *scratch,
	size_t scratch_bytes, void *out, size_t room, struct dpf_why *why)
{
	struct bump mem;
	struct lift *l;
	int err;

	dpf_bump_init(&mem, scratch, scratch_bytes);
	l = dpf_bump_take(&mem, 1, sizeof(*l));
	if (l == NULL) {
		why->pc = 0;
		why->text = "needs more working memory";
		return SP_ENOMEM;
	}
	l->prog = prog;
	l->n = n;
	l->why = why;
	err = start(l, mem.at, mem.left);
	return err == SP_OK ? lift(l, out, room) : err;
}
