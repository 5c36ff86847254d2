/*
 * run.c - what a classic BPF program means, in the plainest code.
 *
 * The part of a filter that no test of a field against a constant can say.
 * libpcap's bpf_filter() means the same.  Needs a program that dpf_bpf_check()
 * has accepted: all jumps lead forward.  Native code: gen_residual.c.
 */
#include "dpf/bpf.h"

#include <spindle/bytes.h>

struct machine {
	const uint8_t *frame;
	size_t len;
	uint32_t wirelen;
	uint32_t a, x;
	uint32_t mem[BPF_WORDS];
	struct bpf_trace *trace; /* may be NULL */
};

static void
note_load(struct bpf_trace *t, size_t off, unsigned width)
{
	for (unsigned i = 0; i < t->loads && i < BPF_TRACED; i++)
		if (t->load[i].off == off && t->load[i].width == width)
			return;
	t->load[t->loads % BPF_TRACED].off = off;
	t->load[t->loads++ % BPF_TRACED].width = width;
}

static void
note_compare(struct bpf_trace *t, uint32_t a, uint32_t v)
{
	t->compared[t->compares % BPF_TRACED].a = a;
	t->compared[t->compares++ % BPF_TRACED].v = v;
}

/* Load WIDTH bytes at OFF; false when they are not all in the frame. */
static bool
load_at(const struct machine *m, uint64_t off, unsigned width, uint32_t *out)
{
	const uint8_t *p;

	if (off > m->len || width > m->len - off)
		return false;
	if (m->trace != NULL)
		note_load(m->trace, (size_t)off, width);
	p = m->frame + off;
	if (width == 4)
		*out = be32_get(p);
	else
		*out = width == 2 ? be16_get(p) : p[0];
	return true;
}

static bool
load(struct machine *m, const struct dpf_bpf *i)
{
	uint32_t *reg = (i->code & BPF_CLASS_MASK) == BPF_LD ? &m->a : &m->x;
	unsigned width = dpf_bpf_width(i->code);

	switch (i->code & BPF_MODE_MASK) {
	case BPF_ABS:
		return load_at(m, i->k, width, reg);
	case BPF_IND:
		return load_at(m, (uint64_t)m->x + i->k, width, reg);
	case BPF_MSH:
		if (!load_at(m, i->k, 1, reg))
			return false;
		*reg = (*reg & 0xf) << 2;
		return true;
	case BPF_MEM:
		*reg = m->mem[i->k];
		return true;
	case BPF_LEN:
		*reg = m->wirelen;
		return true;
	default:
		*reg = i->k;
		return true;
	}
}

/* False: a division by zero. */
static bool
alu(struct machine *m, const struct dpf_bpf *i)
{
	uint32_t v = (i->code & BPF_X) != 0 ? m->x : i->k;

	switch (i->code & BPF_OP_MASK) {
	case BPF_ADD:
		m->a += v;
		return true;
	case BPF_SUB:
		m->a -= v;
		return true;
	case BPF_MUL:
		m->a *= v;
		return true;
	case BPF_DIV:
		if (v != 0)
			m->a /= v;
		return v != 0;
	case BPF_MOD:
		if (v != 0)
			m->a %= v;
		return v != 0;
	case BPF_OR:
		m->a |= v;
		return true;
	case BPF_AND:
		m->a &= v;
		return true;
	case BPF_XOR:
		m->a ^= v;
		return true;
	case BPF_LSH:
		m->a = v < 32 ? m->a << v : 0;
		return true;
	case BPF_RSH:
		m->a = v < 32 ? m->a >> v : 0;
		return true;
	default: /* BPF_NEG */
		m->a = 0 - m->a;
		return true;
	}
}

/* How far behind the next instruction the program goes on. */
static uint32_t
jump(const struct machine *m, const struct dpf_bpf *i)
{
	uint32_t v = (i->code & BPF_X) != 0 ? m->x : i->k;
	bool yes;

	if (i->code == (BPF_JMP | BPF_JA))
		return i->k;
	if (m->trace != NULL)
		note_compare(m->trace, m->a, v);
	switch (i->code & BPF_OP_MASK) {
	case BPF_JEQ:
		yes = m->a == v;
		break;
	case BPF_JGT:
		yes = m->a > v;
		break;
	case BPF_JGE:
		yes = m->a >= v;
		break;
	default:
		yes = (m->a & v) != 0;
		break;
	}
	return yes ? i->jt : i->jf;
}

static uint32_t
run(struct machine *m, const struct dpf_bpf *i)
{
	for (;; i++) {
		switch (i->code & BPF_CLASS_MASK) {
		case BPF_LD:
		case BPF_LDX:
			if (!load(m, i))
				return 0;
			break;
		case BPF_ST:
		case BPF_STX:
			m->mem[i->k] = i->code == BPF_ST ? m->a : m->x;
			break;
		case BPF_ALU:
			if (!alu(m, i))
				return 0;
			break;
		case BPF_JMP:
			i += jump(m, i);
			break;
		case BPF_RET:
			return i->code == BPF_RET ? i->k : m->a;
		default:
			if (i->code == BPF_MISC)
				m->x = m->a;
			else
				m->a = m->x;
			break;
		}
	}
}

uint32_t
dpf_bpf_trace(const struct dpf_bpf *prog, const uint8_t *frame, size_t len,
	size_t wirelen, struct bpf_trace *t)
{
	struct machine m = { .frame = frame,
		.len = len,
		.wirelen = (uint32_t)wirelen,
		.trace = t };

	if (t != NULL)
		t->loads = t->compares = 0;
	return run(&m, prog);
}

uint32_t
dpf_bpf_run(const struct dpf_bpf *prog, const uint8_t *frame, size_t len,
	size_t wirelen)
{
	return dpf_bpf_trace(prog, frame, len, wirelen, NULL);
}
