/*
 * cbpf.c - lift a classic BPF program to a filter by running it symbolically.
 *
 * A run is a place in the program with the symbolic values of the registers
 * that are live there; equal ones are made once.  Jumps lead forward, so runs
 * are taken in order of their place.  No facts are used here: prune.c removes
 * the paths that cannot happen.  Where a program does what no graph can say, the
 * graph lets the frame pass and the program itself becomes the residual.
 * Instructions: exec.c.
 */
#include "dpf/lift.h"

#include <spindle/bytes.h>

static int
refuse(struct lift *l, const char *text)
{
	l->why->pc = l->pc;
	l->why->text = text;
	return SP_ENOMEM;
}

int
dpf_lift_no_memory(struct lift *l)
{
	return refuse(l, "needs more working memory");
}

void
dpf_lift_lose(struct lift *l, const char *text)
{
	if (l->lost.text != NULL)
		return;
	l->lost.pc = l->pc;
	l->lost.text = text;
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

/*
 * Where node N leads whatever it tests; SELF if that depends.  A test that
 * cannot be made leads to where the frame may still be accepted, or accepts.
 */
static uint32_t
shortcut(struct lift *l, const struct graph_node *n, uint32_t self)
{
	if (n->test != NULL)
		return n->yes == GRAPH_REJECT && n->no == GRAPH_REJECT
			       ? GRAPH_REJECT
			       : self;
	if (n->yes == n->no)
		return n->yes;
	l->residual = true;
	if (n->no == GRAPH_REJECT)
		return n->yes;
	return n->yes == GRAPH_REJECT ? n->no : GRAPH_ACCEPT;
}

static uint32_t
shortened(const uint32_t *to, uint32_t edge)
{
	return edge >= GRAPH_REJECT ? edge : to[edge];
}

/* Replace edges to runs by edges to the nodes that they begin with, and take
 * out the tests that cannot be made. */
static int
resolve(struct lift *l)
{
	struct bump *mem = &l->g.mem;
	uint32_t *entries = dpf_bump_take(mem, l->nruns, sizeof(*entries));
	uint32_t *to = dpf_bump_take(mem, l->g.nnodes + 1, sizeof(*to));

	if (entries == NULL || to == NULL)
		return dpf_lift_no_memory(l);
	for (size_t pc = l->n; pc-- > 0;)
		for (const struct run *r = l->at[pc]; r != NULL; r = r->sibling)
			entries[r->id] = resolved(entries, r->entry);
	for (uint32_t i = l->g.nnodes; i-- > 0;) {
		struct graph_node *n = dpf_graph_at(&l->g, i);

		n->yes = shortened(to, resolved(entries, n->yes));
		n->no = shortened(to, resolved(entries, n->no));
		to[i] = shortcut(l, n, i);
	}
	l->at[0]->entry = shortened(to, entries[l->at[0]->id]);
	return SP_OK;
}

/* Lay out the working memory. */
static int
start(struct lift *l, void *scratch, size_t bytes)
{
	struct sym zero = dpf_sym_num(0);
	struct bump *mem = &l->g.mem;
	uint32_t edge;
	int err;

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
	dpf_bpf_live(l->prog, l->n, l->live);
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
	return err == SP_ENOMEM ? refuse(l, "makes a filter that is too large")
				: err;
}

/* Put the program behind the graph of BYTES in OUT. */
static int
add_residual(
	const struct dpf_bpf *prog, size_t n, void *out, size_t room, int bytes)
{
	struct dpf_blob *head = out;
	size_t more = n * sizeof(*prog);

	if (n > DPF_MAX_RESIDUAL || more > room - (size_t)bytes)
		return SP_ENOMEM;
	head->nresidual = (uint16_t)n;
	__builtin_memcpy((uint8_t *)out + bytes, prog, more);
	return bytes + (int)more;
}

/* What a graph has no room for: all of it is residual. */
static int
only_residual(const struct dpf_bpf *prog, size_t n, void *out, size_t room)
{
	struct dpf_blob head = { .magic = DPF_MAGIC, .root = DPF_ACCEPT };

	if (room < sizeof(head))
		return SP_ENOMEM;
	__builtin_memcpy(out, &head, sizeof(head));
	return add_residual(prog, n, out, room, sizeof(head));
}

/* Returns the length of the graph, or SP_ENOMEM. */
static int
lift_graph(const struct dpf_bpf *prog, size_t n, struct bump *mem, void *out,
	size_t room, struct dpf_why *why, bool *residual)
{
	struct lift *l = dpf_bump_take(mem, 1, sizeof(*l));
	int err;

	if (l == NULL) {
		why->text = "needs more working memory";
		return SP_ENOMEM;
	}
	l->prog = prog;
	l->n = n;
	l->why = why;
	err = start(l, mem->at, mem->left);
	if (err == SP_OK)
		err = lift(l, out, room);
	/* What a graph rejects needs no second look. */
	*residual =
		l->residual &&
		(err < 0 || ((const struct dpf_blob *)out)->root != DPF_REJECT);
	if (err > 0 && *residual)
		*why = l->lost;
	return err;
}

int
dpf_lift(const struct dpf_bpf *prog, size_t n, void *scratch,
	size_t scratch_bytes, void *out, size_t room, struct dpf_why *why)
{
	struct bump mem;
	bool residual;
	int bytes, err = dpf_bpf_check(prog, n, why);

	if (err != SP_OK)
		return err;
	why->pc = 0;
	why->text = NULL;
	dpf_bump_init(&mem, scratch, scratch_bytes);
	bytes = lift_graph(prog, n, &mem, out, room, why, &residual);
	if (bytes < 0)
		return only_residual(prog, n, out, room);
	if (!residual)
		return bytes;
	err = add_residual(prog, n, out, room, bytes);
	if (err < 0 && n > DPF_MAX_RESIDUAL)
		why->text = "computes what only a residual of 4096 "
			    "instructions could, and is longer";
	return err;
}
