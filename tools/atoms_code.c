/*
 * atoms_code.c - tests as a classic BPF program, which is then lifted.
 *
 * So whatever was written gets the one form that the same filter has from a pcap
 * expression.  Offsets of conditional jumps are 8 bits: each leads over a long
 * jump or into one.
 */
#include "atoms.h"

#include <stdlib.h>
#include <string.h>

struct output {
	struct bpf_insn *v;
	size_t n, room;
};

static void
put(struct output *o, unsigned code, unsigned jt, unsigned jf, uint32_t k)
{
	const struct bpf_insn i = { (u_short)code, (u_char)jt, (u_char)jf, k };

	if (o->n == o->room) {
		o->room = o->room == 0 ? 64 : 2 * o->room;
		o->v = reallocarray(o->v, o->room, sizeof(*o->v));
		if (o->v == NULL)
			abort();
	}
	o->v[o->n++] = i;
}

static unsigned
size_of(uint32_t width)
{
	return width == 1 ? BPF_B : width == 2 ? BPF_H : BPF_W;
}

/* A = the field; X is the sum of the shifts before it. */
static void
put_field(struct output *o, const struct atom_field *f)
{
	for (unsigned i = 0; i < f->nshifts; i++) {
		const struct atom_shift *s = &f->shift[i];

		put(o,
			BPF_LD | size_of(s->width) |
				(unsigned)(i > 0 ? BPF_IND : BPF_ABS),
			0, 0, s->off);
		put(o, BPF_ALU | BPF_AND | BPF_K, 0, 0, s->mask);
		if (s->by > 0)
			put(o, BPF_ALU | BPF_LSH | BPF_K, 0, 0,
				(uint32_t)s->by);
		if (s->by < 0)
			put(o, BPF_ALU | BPF_RSH | BPF_K, 0, 0,
				(uint32_t)-s->by);
		if (i > 0)
			put(o, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
		put(o, BPF_MISC | BPF_TAX, 0, 0, 0);
	}
	if (f->is_len)
		put(o, BPF_LD | BPF_W | BPF_LEN, 0, 0, 0);
	else
		put(o,
			BPF_LD | size_of(f->width) |
				(unsigned)(f->nshifts > 0 ? BPF_IND : BPF_ABS),
			0, 0, f->off);
	if (f->mask != 0xffffffff)
		put(o, BPF_ALU | BPF_AND | BPF_K, 0, 0, f->mask);
}

/* A jump to step TO, whose place is not known yet: K is TO for now. */
static void
put_jump(struct output *o, uint32_t to)
{
	put(o, BPF_JMP | BPF_JA, 0, 0, to);
}

static void
put_step(struct output *o, const struct atom_step *s)
{
	unsigned test = s->rel == ATOM_GT   ? BPF_JGT
			: s->rel == ATOM_GE ? BPF_JGE
					    : BPF_JEQ;

	put_field(o, &s->field);
	for (size_t i = 0; i < s->nvalues; i++) {
		put(o, BPF_JMP | test | BPF_K, 0, 1, s->values[i]);
		put_jump(o, s->yes);
	}
	put_jump(o, s->rel == ATOM_EXISTS ? s->yes : s->no);
}

size_t
atoms_code(const struct atom_steps *s, struct bpf_insn **out)
{
	struct output o = { .v = NULL };
	size_t *at = xalloc((s->n + 1) * sizeof(*at));

	put_jump(&o, s->first);
	for (size_t i = 0; i < s->n; i++) {
		at[i] = o.n;
		put_step(&o, &s->v[i]);
	}
	put(&o, BPF_RET | BPF_K, 0, 0, 0);
	put(&o, BPF_RET | BPF_K, 0, 0, 65535);
	for (size_t i = 0; i < o.n; i++) {
		uint32_t to = o.v[i].k;

		if (o.v[i].code != (BPF_JMP | BPF_JA))
			continue;
		o.v[i].k = (uint32_t)((to == ATOM_ACCEPT          ? o.n - 1
					      : to == ATOM_REJECT ? o.n - 2
								  : at[to]) -
				      (i + 1));
	}
	free(at);
	*out = o.v;
	return o.n;
}
