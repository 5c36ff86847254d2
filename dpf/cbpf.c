/*
 * cbpf.c - lift a classic BPF program to a filter by running it symbolically.
 *
 * A run is a place in the program with the symbolic values of the registers
 * that are live there; equal ones are made once.  Jumps lead forward, so runs
 * are taken in order of their place.  No facts are used here: prune.c removes
 * the paths that cannot happen.  Instructions: exec.c.
 */
#include "dpf/lift.h"

#include <spindle/bytes.h>

int
dpf_lift_refuse(struct lift *l, const char *text, int err)
{
	l->why->pc = l->pc;
	l->why->text = text;
	return err;
}

int
dpf_lift_no_memory(struct lift *l)
{
	return dpf_lift_refuse(l, "needs more working memory", SP_ENOMEM);
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

int
dpf_lift_edge(struct lift *l, uint32_t pc, uint32_t *edge)
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
			return dpf_lift_no_memory(l);
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

int
dpf_lift_set(struct lift *l, unsigned reg, const struct sym *s)
{
	l->regs[reg] = hold(l, s);
	return l->regs[reg] == NULL ? dpf_lift_no_memory(l) : SP_OK;
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
		return dpf_lift_no_memory(l);
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
		return dpf_lift_refuse(l, "has no instructions", SP_EFORMAT);
	if (dpf_graph_init(&l->g, scratch, bytes) != SP_OK)
		return dpf_lift_no_memory(l);
	l->hash_mask = l->g.tests_mask;
	l->live = dpf_bump_take(mem, l->n, sizeof(*l->live));
	l->at = dpf_bump_take(mem, l->n, sizeof(*l->at));
	l->runs = dpf_bump_take(mem, l->hash_mask + 1, sizeof(*l->runs));
	l->held = dpf_bump_take(mem, l->hash_mask + 1, sizeof(*l->held));
	if (l->live == NULL || l->at == NULL || l->runs == NULL ||
		l->held == NULL)
		return dpf_lift_no_memory(l);
	err = dpf_bpf_check(l->prog, l->n, l->live, l->why);
	if (err == SP_OK)
		err = dpf_lift_set(l, BPF_REG_A, &zero);
	if (err == SP_OK)
		err = dpf_lift_set(l, BPF_REG_X, &zero);
	return err == SP_OK ? dpf_lift_edge(l, 0, &edge) : err;
}

/* Run the program, then prune and write what it came to. */
static int
lift(struct lift *l, void *out, size_t room)
{
	int err = SP_OK;

	for (size_t pc = 0; pc < l->n; pc++)
		for (struct run *r = l->at[pc]; r != NULL && err == SP_OK;
			r = r->sibling)
			err = dpf_lift_run(l, r);
	if (err == SP_OK)
		err = resolve(l);
	if (err != SP_OK)
		return err;
	l->pc = 0;
	err = dpf_graph_finish(&l->g, l->at[0]->entry, out, room);
	return err == SP_ENOMEM
		       ? dpf_lift_refuse(l, "makes a filter that is too large",
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
