/*
 * dpf_random.h - filters and frames by chance, the same in every run.
 *
 * Fields, masks and values come from small pools, so that filters overlap,
 * share prefixes and often accept.
 */
#ifndef TESTS_DPF_RANDOM_H
#define TESTS_DPF_RANDOM_H

#include "dpf/bpf.h"

#include <spindle/bytes.h>

#include <string.h>

struct rng {
	uint32_t s;
};

static inline uint32_t
rng_next(struct rng *r)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 17;
	r->s ^= r->s << 5;
	return r->s;
}

/* 0..n-1 */
static inline uint32_t
rng_below(struct rng *r, uint32_t n)
{
	return (rng_next(r) >> 8) % n;
}

enum { DRAFT_RESIDUAL = 32 };

/* A filter under construction, in its stored form. */
struct draft {
	struct dpf_blob head;
	uint32_t room[DPF_MAX_BASES * 3 + DPF_MAX_NODES * 5 +
		      DRAFT_RESIDUAL * 2];
	struct dpf_base bases[DPF_MAX_BASES];
	struct dpf_node nodes[DPF_MAX_NODES];
	struct dpf_bpf residual[DRAFT_RESIDUAL];
	struct dpf_filter filter;
};

static inline void
draft_begin(struct draft *d)
{
	d->head = (struct dpf_blob){ .magic = DPF_MAGIC };
}

/* A base BY the masked field at FROM + OFF; returns its number. */
static inline uint8_t
draft_base(struct draft *d, uint8_t from, uint16_t off, uint8_t width,
	uint32_t mask, int8_t shift)
{
	d->bases[d->head.nbases++] = (struct dpf_base){ .from = from,
		.off = off,
		.width = width,
		.mask = mask,
		.shift = shift };
	return (uint8_t)d->head.nbases;
}

/* Append a node; returns its index. */
static inline uint16_t
draft_node(struct draft *d, struct dpf_node n)
{
	d->nodes[d->head.nnodes] = n;
	return d->head.nnodes++;
}

/* Lay the tables out and parse them; returns the length of the blob. */
static inline int
draft_end(struct draft *d)
{
	size_t bases = d->head.nbases * sizeof(d->bases[0]);
	size_t nodes = d->head.nnodes * sizeof(d->nodes[0]);

	memcpy(d->room, d->bases, bases);
	memcpy((uint8_t *)d->room + bases, d->nodes, nodes);
	memcpy((uint8_t *)d->room + bases + nodes, d->residual,
		d->head.nresidual * sizeof(d->residual[0]));
	return dpf_parse(
		&d->head, sizeof(d->head) + sizeof(d->room), &d->filter);
}

/* One more equation of a conjunction; draft_accept() ends it. */
static inline void
draft_eq(struct draft *d, uint8_t base, uint16_t off, uint8_t width,
	uint32_t mask, uint32_t value)
{
	draft_node(d, (struct dpf_node){ .op = DPF_EQ,
			      .base = base,
			      .width = width,
			      .off = off,
			      .mask = mask,
			      .value = value,
			      .yes = (uint16_t)(d->head.nnodes + 1),
			      .no = DPF_REJECT });
}

static inline int
draft_accept(struct draft *d)
{
	if (d->head.nnodes == 0)
		d->head.root = DPF_ACCEPT;
	else
		d->nodes[d->head.nnodes - 1].yes = DPF_ACCEPT;
	return draft_end(d);
}

/* --- chance --------------------------------------------------------------- */

static inline uint32_t
random_mask(struct rng *r, unsigned width)
{
	static const uint32_t some[] = { 0xffffffff, 0xffffffff, 0xffffffff,
		0xffffffff, 0x0f, 0xf0, 0x1fff, 0xff00, 0x00ff, 0x0101, 1, 0x80,
		0xffff0000, 0x00ffff00, 0xff0000ff, 0xfffffff0, 0 };
	uint32_t all = 0xffffffffu >> (32 - 8 * width);

	if (rng_below(r, 8) == 0)
		return rng_next(r) & all;
	return some[rng_below(r, ARRAY_LEN(some))] & all;
}

/* Bytes are mostly small, so that values meet. */
static inline uint8_t
random_byte(struct rng *r)
{
	uint32_t k = rng_below(r, 16);

	return (uint8_t)(k < 13 ? k % 3 : rng_next(r));
}

static inline uint32_t
random_value(struct rng *r)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v = v << 8 | random_byte(r);
	return v;
}

static inline uint16_t
random_target(struct rng *r, uint16_t node, uint16_t nodes)
{
	if (node + 1 < nodes && rng_below(r, 4) != 0)
		return (uint16_t)(node + 1 +
				  rng_below(r, nodes - node - 1u) % 3 %
					  (nodes - node - 1u));
	return rng_below(r, 2) ? DPF_ACCEPT : DPF_REJECT;
}

static inline void
random_base(struct draft *d, struct rng *r)
{
	static const uint8_t width[] = { 1, 1, 1, 2, 4 };
	static const uint8_t shift[] = { 0, 0, 1, 2, 2, 2, 3, 31 };
	uint8_t w = width[rng_below(r, ARRAY_LEN(width))];
	int8_t s = (int8_t)shift[rng_below(r, ARRAY_LEN(shift))];
	uint8_t from =
		(uint8_t)(rng_below(r, 2) ? 0
					  : rng_below(r, d->head.nbases + 1u));

	if (rng_below(r, 4) == 0)
		s = (int8_t)-s;
	draft_base(d, from, (uint16_t)rng_below(r, 6), w,
		rng_below(r, 3) ? 0xf : random_mask(r, w), s);
}

static inline struct dpf_node
random_node(struct draft *d, struct rng *r)
{
	static const uint8_t width[] = { 1, 1, 2, 2, 2, 4, 4 };
	struct dpf_node n = { .width = width[rng_below(r, ARRAY_LEN(width))],
		.off = (uint16_t)rng_below(r, 12),
		.base = (uint8_t)rng_below(r, d->head.nbases + 1u),
		.op = rng_below(r, 4) == 0 ? DPF_GT : DPF_EQ };

	if (rng_below(r, 10) == 0)
		n.off = (uint16_t)rng_below(r, 60);
	n.mask = random_mask(r, n.width);
	n.value = random_value(r) >> (32 - 8 * n.width);
	if (rng_below(r, 24) == 0) {
		n.base = DPF_BASE_LEN;
		n.width = 4;
		n.off = 0;
		n.mask = rng_below(r, 2) ? 0xffffffff : random_mask(r, 4);
		n.value = rng_below(r, 90);
	}
	if (n.op == DPF_EQ)
		n.value &= n.mask;
	return n;
}

/* --- programs --------------------------------------------------------------- */

/* A constant: mostly small, now and then where sums wrap or shorter forms of
 * instructions end. */
static inline uint32_t
random_constant(struct rng *r)
{
	static const uint32_t odd[] = { 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xffff,
		0x10000, 0x7fffffff, 0x80000000, 0xffffeffc, 0xfffffffc,
		0xffffffff, 0xffff8000 };

	if (rng_below(r, 8) == 0)
		return odd[rng_below(r, ARRAY_LEN(odd))];
	return rng_below(r, 3) ? rng_below(r, 5) : random_value(r);
}

static inline struct dpf_bpf
random_load(struct rng *r)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS,
		BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_H | BPF_IND,
		BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_B | BPF_IND,
		BPF_LDX | BPF_B | BPF_MSH,
		BPF_LDX | BPF_B | BPF_MSH,
		BPF_LD | BPF_IMM,
		BPF_LDX | BPF_IMM,
		BPF_LD | BPF_MEM,
		BPF_LDX | BPF_MEM,
		BPF_LD | BPF_LEN,
		BPF_LDX | BPF_LEN,
	};
	struct dpf_bpf i = { .code = codes[rng_below(r, ARRAY_LEN(codes))] };

	switch (i.code & BPF_MODE_MASK) {
	case BPF_MEM:
		i.k = rng_below(r, BPF_WORDS);
		break;
	case BPF_IMM:
		i.k = random_constant(r);
		break;
	default:
		i.k = rng_below(r, rng_below(r, 8) ? 12 : 70);
		if (rng_below(r, 32) == 0)
			i.k = random_constant(r);
		if ((i.code & BPF_MODE_MASK) == BPF_ABS && i.k >= BPF_ANCILLARY)
			i.k -= 0x1000;
		break;
	}
	return i;
}

static inline struct dpf_bpf
random_alu(struct rng *r)
{
	struct dpf_bpf i = { .code = (uint16_t)(BPF_ALU | rng_below(r, 11)
								  << 4),
		.k = random_constant(r) };

	if (i.code != (BPF_ALU | BPF_NEG) && rng_below(r, 3) == 0)
		i.code |= BPF_X;
	if (i.code == (BPF_ALU | BPF_LSH) || i.code == (BPF_ALU | BPF_RSH))
		i.k %= 32;
	if (i.code == (BPF_ALU | BPF_DIV) || i.code == (BPF_ALU | BPF_MOD))
		i.k |= i.k == 0;
	return i;
}

/* LEFT instructions follow the next one. */
static inline struct dpf_bpf
random_jump(struct rng *r, uint32_t left)
{
	struct dpf_bpf i = { .code = (uint16_t)(BPF_JMP | rng_below(r, 5) << 4),
		.k = random_constant(r) };

	if (i.code == (BPF_JMP | BPF_JA)) {
		i.k = rng_below(r, left);
		return i;
	}
	if (rng_below(r, 3) == 0)
		i.code |= BPF_X;
	i.jt = (uint8_t)(rng_below(r, 2) ? 0 : rng_below(r, left));
	i.jf = (uint8_t)(rng_below(r, 2) ? 0 : rng_below(r, left));
	return i;
}

/* An instruction that does not end the program; LEFT follow it. */
static inline struct dpf_bpf
random_insn(struct rng *r, uint32_t left)
{
	struct dpf_bpf i = { .code = BPF_MISC };

	switch (rng_below(r, 8)) {
	case 0:
	case 1:
	case 2:
		return random_load(r);
	case 3:
	case 4:
		return random_alu(r);
	case 5:
		return random_jump(r, left);
	case 6:
		i.code |= rng_below(r, 2) ? BPF_TXA : 0;
		return i;
	default:
		i.code = rng_below(r, 2) ? BPF_ST : BPF_STX;
		i.k = rng_below(r, BPF_WORDS);
		return i;
	}
}

/* A valid program of N instructions. */
static inline void
random_program(struct rng *r, struct dpf_bpf *prog, uint32_t n)
{
	for (uint32_t i = 0; i + 1 < n; i++) {
		prog[i] = random_insn(r, n - i - 1);
		if (rng_below(r, 40) == 0)
			prog[i] = (struct dpf_bpf){ .code = BPF_RET,
				.k = rng_below(r, 2) };
	}
	prog[n - 1] = (struct dpf_bpf){ .code = BPF_RET, .k = 1 };
	if (rng_below(r, 4) != 0)
		prog[n - 1].code |= BPF_A;
}

/* Some filters have a residual. */
static inline int
random_residual(struct draft *d, struct rng *r)
{
	d->head.nresidual = 0;
	if (rng_below(r, 6) == 0)
		d->head.nresidual =
			(uint16_t)(1 + rng_below(r, DRAFT_RESIDUAL));
	if (d->head.nresidual > 0)
		random_program(r, d->residual, d->head.nresidual);
	return draft_end(d);
}

/* A graph of N nodes, many of them shared; dpf_parse() accepts it. */
static inline int
random_graph(struct draft *d, struct rng *r, uint16_t n)
{
	draft_begin(d);
	for (uint32_t bases = rng_below(r, 4); bases > 0; bases--)
		random_base(d, r);
	for (uint16_t i = 0; i < n; i++) {
		struct dpf_node node = random_node(d, r);

		node.yes = random_target(r, i, n);
		node.no = rng_below(r, 2) ? (uint16_t)DPF_REJECT
					  : random_target(r, i, n);
		draft_node(d, node);
	}
	return draft_end(d);
}

static inline int
random_filter(struct draft *d, struct rng *r)
{
	random_graph(
		d, r, (uint16_t)(1 + rng_below(r, rng_below(r, 4) ? 6 : 14)));
	return random_residual(d, r);
}

/* So many paths that most of them must share a tail. */
static inline int
random_braid(struct draft *d, struct rng *r)
{
	uint16_t n = (uint16_t)(30 + rng_below(r, 100));

	random_graph(d, r, n);
	for (uint16_t i = 0; i < n; i++) {
		struct dpf_node *node = &d->nodes[i];

		if (rng_below(r, 3) == 0)
			node->mask = 1;
		if (node->op == DPF_EQ)
			node->value &= node->mask;
		if (rng_below(r, 10) != 0)
			node->yes = (uint16_t)(i + 1);
		if (rng_below(r, 4) != 0)
			node->no = (uint16_t)(i + 1 + rng_below(r, 3));
		if (node->yes != DPF_REJECT && node->yes >= n)
			node->yes = DPF_ACCEPT;
		if (node->no != DPF_REJECT && node->no >= n)
			node->no = DPF_ACCEPT;
	}
	return random_residual(d, r);
}

static inline void
random_frame(struct rng *r, uint8_t *frame, size_t len)
{
	for (size_t i = 0; i < len; i++)
		frame[i] = random_byte(r);
}

/* --- filters people write --------------------------------------------------- */

/* What `udp dst port PORT` and its like lift to; options switch parts off. */
struct flow {
	uint8_t proto;
	bool ip6; /* the IPv6 branch as well */
	bool has_src, has_dst, has_sport, has_dport;
	uint16_t sport, dport;
	uint32_t src, dst;
};

static inline void
flow_node(struct draft *d, uint8_t base, uint16_t off, uint8_t width,
	uint32_t mask, uint32_t value, uint16_t no)
{
	draft_eq(d, base, off, width, mask, value);
	d->nodes[d->head.nnodes - 1].no = no;
}

static inline int
flow_filter(struct draft *d, const struct flow *f)
{
	bool ip6 = f->ip6 && !f->has_src && !f->has_dst;
	uint16_t ip4;
	uint8_t b;

	draft_begin(d);
	b = draft_base(d, 0, 14, 1, 0xf, 2);
	ip4 = (uint16_t)(2 + f->has_sport + f->has_dport);
	if (ip6) {
		flow_node(d, 0, 12, 2, 0xffff, 0x86dd, ip4);
		flow_node(d, 0, 20, 1, 0xff, f->proto, DPF_REJECT);
		if (f->has_sport)
			draft_eq(d, 0, 54, 2, 0xffff, f->sport);
		if (f->has_dport)
			draft_eq(d, 0, 56, 2, 0xffff, f->dport);
		d->nodes[d->head.nnodes - 1].yes = DPF_ACCEPT;
	}
	draft_eq(d, 0, 12, 2, 0xffff, 0x0800);
	draft_eq(d, 0, 23, 1, 0xff, f->proto);
	if (f->has_src)
		draft_eq(d, 0, 26, 4, 0xffffffff, f->src);
	if (f->has_dst)
		draft_eq(d, 0, 30, 4, 0xffffffff, f->dst);
	if (f->has_sport || f->has_dport)
		draft_eq(d, 0, 20, 2, 0x1fff, 0);
	if (f->has_sport)
		draft_eq(d, b, 14, 2, 0xffff, f->sport);
	if (f->has_dport)
		draft_eq(d, b, 16, 2, 0xffff, f->dport);
	return draft_accept(d);
}

/* A frame of 60 bytes or more that F accepts, IHL words of IP header. */
static inline size_t
flow_frame(const struct flow *f, unsigned ihl, uint8_t frame[128])
{
	size_t l4 = 14 + 4 * (size_t)ihl;

	memset(frame, 0, 128);
	be16_put(frame + 12, 0x0800);
	frame[14] = (uint8_t)(0x40 | ihl);
	frame[23] = f->proto;
	be32_put(frame + 26, f->src);
	be32_put(frame + 30, f->dst);
	be16_put(frame + l4, f->sport);
	be16_put(frame + l4 + 2, f->dport);
	return l4 + 40;
}

static inline size_t
flow_frame6(const struct flow *f, uint8_t frame[128])
{
	memset(frame, 0, 128);
	be16_put(frame + 12, 0x86dd);
	frame[14] = 0x60;
	frame[20] = f->proto;
	be16_put(frame + 54, f->sport);
	be16_put(frame + 56, f->dport);
	return 62;
}

#endif /* TESTS_DPF_RANDOM_H */
