/*
 * residual.c - the part of a filter that only a program can say, in a set.
 *
 * Its paths in the trie end with a literal of their own kind which says that the
 * program accepts, so a frame that it does not goes on to the next alternative.
 * What it means: run.c; its code: gen_residual.c.
 */
#include "dpf/residual.h"

#include <spindle/bytes.h>

static uint32_t
bytes_of(uint32_t n)
{
	return (uint32_t)(sizeof(struct residual) +
			  n * sizeof(struct residual_insn));
}

uint32_t
dpf_residual_follow(const struct residual *r, uint32_t pc)
{
	while (r->insn[pc].bpf.code == (BPF_JMP | BPF_JA))
		pc += 1 + r->insn[pc].bpf.k;
	return pc;
}

uint32_t
dpf_residual_need(const struct dpf_bpf *i)
{
	unsigned class = i->code & BPF_CLASS_MASK;
	unsigned mode = i->code & BPF_MODE_MASK;

	if (class > BPF_LDX ||
		(mode != BPF_ABS && mode != BPF_IND && mode != BPF_MSH))
		return 0;
	if (i->k > INT32_MAX)
		return UINT32_MAX;
	return i->k + (mode == BPF_MSH ? 1 : dpf_bpf_width(i->code));
}

static void
mark_target(struct residual *r, uint32_t pc)
{
	r->insn[dpf_residual_follow(r, pc)].is_target = true;
}

/* What the code must know of instruction PC beforehand. */
static void
look_at(struct residual *r, uint32_t pc)
{
	const struct dpf_bpf *i = &r->insn[pc].bpf;
	uint32_t need = dpf_residual_need(i);

	if ((i->code & BPF_CLASS_MASK) == BPF_JMP) {
		bool always = i->code == (BPF_JMP | BPF_JA);

		mark_target(r, pc + 1 + (always ? i->k : i->jt));
		mark_target(r, pc + 1 + (always ? i->k : i->jf));
	}
	if (i->code == BPF_ST || i->code == BPF_STX ||
		(i->code & ~BPF_LDX) == (BPF_LD | BPF_MEM))
		r->has_memory = true;
	if (need > 0 && (i->code & BPF_MODE_MASK) == BPF_IND)
		need = UINT16_MAX;
	if (need > r->reach && need < UINT32_MAX)
		r->reach = need < UINT16_MAX ? need : UINT16_MAX;
}

int
dpf_residual_build(
	struct dpf_set *s, const struct dpf_filter *f, uint32_t id, ref_t *out)
{
	uint32_t *live = dpf_pool_scratch(s, f->nresidual * sizeof(*live));
	struct residual *r;

	if (live == NULL)
		return SP_ENOMEM;
	*out = dpf_pool_alloc(s, bytes_of(f->nresidual));
	if (*out == 0)
		return SP_ENOMEM;
	r = residual_at(s, *out);
	r->id = id;
	r->n = f->nresidual;
	for (uint32_t i = 0; i < r->n; i++)
		r->insn[i].bpf = f->residual[i];
	for (uint32_t i = 0; i < r->n; i++)
		look_at(r, i);
	dpf_bpf_live(f->residual, r->n, live);
	r->live = live[0];
	r->next = s->residuals;
	s->residuals = *out;
	return SP_OK;
}

/* Where the list has the residual of filter ID; to 0 when there is none. */
static ref_t *
find(struct dpf_set *s, uint32_t id)
{
	ref_t *at = &s->residuals;

	while (*at != 0 && residual_at(s, *at)->id != id)
		at = &residual_at(s, *at)->next;
	return at;
}

void
dpf_residual_free(struct dpf_set *s, uint32_t id)
{
	ref_t *at = find(s, id), r = *at;

	if (r == 0)
		return;
	*at = residual_at(s, r)->next;
	dpf_pool_free(s, r, bytes_of(residual_at(s, r)->n));
}

void
dpf_residual_rename(struct dpf_set *s, uint32_t id, uint32_t to)
{
	ref_t r = *find(s, id);

	if (r != 0)
		residual_at(s, r)->id = to;
}

uint32_t
dpf_residuals_reach(const struct dpf_set *s)
{
	uint32_t reach = 0;

	for (ref_t r = s->residuals; r != 0; r = residual_at(s, r)->next)
		if (residual_at(s, r)->reach > reach)
			reach = residual_at(s, r)->reach;
	return reach;
}
