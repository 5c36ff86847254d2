/*
 * dpf_frames.h - frames to try filters on, and classic BPF's meaning, for tests.
 *
 * Frames are drawn from what networks carry and from noise, then aimed: the
 * constants of a program are written where it looks for them, or tests would
 * rarely get past the first comparison.
 */
#ifndef TESTS_UNIT_DPF_FRAMES_H
#define TESTS_UNIT_DPF_FRAMES_H

#include "dpf/bpf.h"

#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>

enum { FRAME_ROOM = 1600, MAX_AIMS = 256 };

struct rng {
	uint32_t state; /* not 0 */
};

static inline uint32_t
rng_next(struct rng *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 17;
	r->state ^= r->state << 5;
	return r->state * 0x9e3779b1u >> 1 ^ r->state;
}

/* 0 .. BELOW - 1 */
static inline uint32_t
rng_below(struct rng *r, uint32_t below)
{
	return (rng_next(r) >> 8) % below;
}

static inline uint32_t
rng_pick(struct rng *r, const uint32_t *list, size_t n)
{
	return list[rng_below(r, (uint32_t)n)];
}
#define RNG_PICK(r, ...)                                                       \
	rng_pick(r, (const uint32_t[]){ __VA_ARGS__ },                         \
		ARRAY_LEN(((const uint32_t[]){ __VA_ARGS__ })))

static inline uint32_t
frame_address(struct rng *r)
{
	return RNG_PICK(r, 0x0a070002, 0x0a070001, 0xc0a80101, 0xe0000001,
		0xac100005, 0xffffffff);
}

static inline uint32_t
frame_port(struct rng *r)
{
	return RNG_PICK(r, 7, 53, 80, 22, 443, 4500, 1023, 1024, 33434, 67);
}

/* A transport header of PROTO at P. */
static inline void
frame_fill_transport(struct rng *r, uint32_t proto, uint8_t *p)
{
	if (proto == 1 || proto == 58) {
		p[0] = (uint8_t)RNG_PICK(r, 0, 3, 8, 11, 128, 133, 136);
		p[1] = (uint8_t)rng_below(r, 4);
		return;
	}
	be16_put(p, (uint16_t)frame_port(r));
	be16_put(p + 2, (uint16_t)frame_port(r));
	if (proto == 6) {
		p[12] = (uint8_t)(RNG_PICK(r, 5, 5, 8, 15, 0) << 4);
		p[13] = (uint8_t)RNG_PICK(r, 2, 16, 18, 4, rng_next(r));
		memcpy(p + 4 * (p[12] >> 4), "GET / SSH-2", 11);
	}
}

static inline void
frame_fill_ip(struct rng *r, uint8_t *p)
{
	uint32_t words = RNG_PICK(r, 5, 5, 5, 5, 6, 15, 0, 4);
	uint32_t proto = RNG_PICK(r, 17, 17, 17, 6, 6, 6, 6, 1, 132, 2, 50, 47);

	p[0] = (uint8_t)(0x40 | words);
	be16_put(p + 2, (uint16_t)rng_below(r, 1500));
	be16_put(p + 6, (uint16_t)RNG_PICK(r, 0, 0, 0, 0x4000, 0x2000, 0x00b9));
	p[8] = (uint8_t)RNG_PICK(r, 64, 1, 255, 5);
	p[9] = (uint8_t)proto;
	be32_put(p + 12, frame_address(r));
	be32_put(p + 16, frame_address(r));
	frame_fill_transport(r, proto, p + 4 * words);
}

static inline void
frame_fill_ip6(struct rng *r, uint8_t *p)
{
	uint32_t proto = RNG_PICK(r, 17, 6, 58, 132, 44, 0);

	p[0] = 0x60;
	p[6] = (uint8_t)proto;
	memcpy(p + 8, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(p + 24, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	if (proto == 44)
		p[40] = (uint8_t)RNG_PICK(r, 6, 17);
	frame_fill_transport(r, proto, p + 40);
}

static inline void
frame_fill_arp(struct rng *r, uint8_t *p)
{
	memcpy(p, "\0\1\10\0\6\4\0", 7);
	p[7] = (uint8_t)RNG_PICK(r, 1, 2, 3);
	be32_put(p + 14, frame_address(r));
	be32_put(p + 24, frame_address(r));
}

static inline void
frame_fill_payload(struct rng *r, uint32_t type, uint8_t *p)
{
	if (type == 0x0800)
		frame_fill_ip(r, p);
	else if (type == 0x86dd)
		frame_fill_ip6(r, p);
	else if (type == 0x0806 || type == 0x8035)
		frame_fill_arp(r, p);
}

static inline uint32_t
frame_type(struct rng *r)
{
	return RNG_PICK(r, 0x0800, 0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd,
		0x0806, 0x8035, 0x88cc, 46);
}

/* Write a frame to P and return its length. */
static inline size_t
frame_make(struct rng *r, uint8_t p[FRAME_ROOM])
{
	uint32_t at = 12, noise = rng_below(r, 4);

	for (size_t i = 0; i < 200; i++)
		p[i] = noise == 0 ? (uint8_t)rng_next(r) : 0;
	memset(p + 200, 0x5a, FRAME_ROOM - 200);
	if (rng_below(r, 20) == 0)
		return 60 + rng_below(r, 100);
	memcpy(p,
		rng_below(r, 2) ? "\x52\x54\0\x12\x34\x56"
				: "\xff\xff\xff\xff\xff\xff",
		6);
	memcpy(p + 6, "\2\0\0\0\0\1", 6);
	while (at < 24 && rng_below(r, 8) == 0) {
		be16_put(p + at, (uint16_t)RNG_PICK(r, 0x8100, 0x88a8, 0x9100));
		be16_put(p + at + 2, (uint16_t)RNG_PICK(r, 3, 100, 0x2003));
		at += 4;
	}
	if (rng_below(r, 12) == 0) {
		be16_put(p + at, (uint16_t)RNG_PICK(r, 0x8847, 0x8863, 0x8864));
		be32_put(p + at + 2, RNG_PICK(r, 0x00003140, 0x11000000));
		be16_put(p + at + 8, (uint16_t)RNG_PICK(r, 0x21, 0x57));
		frame_fill_ip(r, p + at + (rng_below(r, 2) ? 6 : 10));
	} else {
		uint32_t type = frame_type(r);

		be16_put(p + at, (uint16_t)type);
		frame_fill_payload(r, type, p + at + 2);
	}
	return rng_below(r, 8) == 0 ? 1514 : 60 + rng_below(r, 90);
}

/* Something a program looks for. */
struct aim {
	uint32_t off;
	uint32_t value;
	uint8_t width;
	bool indexed;
};

static inline uint8_t
bpf_load_width(uint16_t code)
{
	unsigned size = code & BPF_SIZE_MASK;

	return size == BPF_W ? 4 : size == BPF_H ? 2 : 1;
}

/* Collect what PROG compares its loads with. */
static inline size_t
aims_find(const struct dpf_bpf *prog, size_t n, struct aim aims[MAX_AIMS])
{
	struct aim now = { .width = 0 };
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned mode = prog[i].code & BPF_MODE_MASK;

		if ((prog[i].code & BPF_CLASS_MASK) == BPF_LD &&
			(mode == BPF_ABS || mode == BPF_IND)) {
			now.off = prog[i].k;
			now.width = bpf_load_width(prog[i].code);
			now.indexed = mode == BPF_IND;
		} else if (((prog[i].code & BPF_CLASS_MASK) == BPF_JMP ||
				   prog[i].code == BPF_LD) &&
			   now.width != 0 && prog[i].code != BPF_JMP) {
			now.value = prog[i].k;
			aims[count < MAX_AIMS ? count : i * 7919 % MAX_AIMS] =
				now;
			count++;
		}
	}
	return count < MAX_AIMS ? count : MAX_AIMS;
}

static inline void
frame_put(uint8_t *p, unsigned width, uint32_t value)
{
	if (width == 4)
		be32_put(p, value);
	else if (width == 2)
		be16_put(p, (uint16_t)value);
	else
		*p = (uint8_t)value;
}

/* Write a few of AIMS into frame P, a little off now and then. */
static inline void
frame_aim(struct rng *r, const struct aim *aims, size_t n, uint8_t *p)
{
	for (uint32_t shots = n == 0 ? 0 : rng_below(r, 6); shots > 0;
		shots--) {
		const struct aim *a = &aims[rng_below(r, (uint32_t)n)];
		uint32_t off = a->off;

		if (a->indexed)
			off += 4 * RNG_PICK(r, p[14] & 0xf, 5, 0);
		if (off > FRAME_ROOM - 4)
			continue;
		frame_put(p + off, a->width,
			a->value + RNG_PICK(r, 0, 0, 0, 0, 1, UINT32_MAX));
	}
}

/* --- what a program means ------------------------------------------------- */

struct bpf_cpu {
	uint32_t a, x, mem[BPF_WORDS];
	const uint8_t *p;
	uint32_t len, wirelen;
	bool rejected;
};

static inline uint32_t
bpf_fetch(struct bpf_cpu *c, uint64_t off, unsigned width)
{
	uint32_t v = 0;

	if (off + width > c->len) {
		c->rejected = true;
		return 0;
	}
	for (unsigned i = 0; i < width; i++)
		v = v << 8 | c->p[off + i];
	return v;
}

static inline uint32_t
bpf_load(struct bpf_cpu *c, const struct dpf_bpf *i)
{
	switch (i->code & BPF_MODE_MASK) {
	case BPF_ABS:
		return bpf_fetch(c, i->k, bpf_load_width(i->code));
	case BPF_IND:
		return bpf_fetch(
			c, (uint64_t)c->x + i->k, bpf_load_width(i->code));
	case BPF_MEM:
		return c->mem[i->k];
	case BPF_LEN:
		return c->wirelen;
	case BPF_MSH:
		return (bpf_fetch(c, i->k, 1) & 0xf) * 4;
	default:
		return i->k;
	}
}

static inline uint32_t
bpf_alu(struct bpf_cpu *c, unsigned op, uint32_t a, uint32_t x)
{
	if ((op == BPF_DIV || op == BPF_MOD) && x == 0) {
		c->rejected = true;
		return 0;
	}
	switch (op) {
	case BPF_ADD:
		return a + x;
	case BPF_SUB:
		return a - x;
	case BPF_MUL:
		return a * x;
	case BPF_DIV:
		return a / x;
	case BPF_MOD:
		return a % x;
	case BPF_OR:
		return a | x;
	case BPF_AND:
		return a & x;
	case BPF_XOR:
		return a ^ x;
	case BPF_LSH:
		return x < 32 ? a << x : 0;
	case BPF_RSH:
		return x < 32 ? a >> x : 0;
	default:
		return 0 - a;
	}
}

static inline bool
bpf_jump(unsigned op, uint32_t a, uint32_t x)
{
	switch (op) {
	case BPF_JEQ:
		return a == x;
	case BPF_JGT:
		return a > x;
	case BPF_JGE:
		return a >= x;
	default:
		return (a & x) != 0;
	}
}

/* Does a valid PROG accept the frame P?  An independent word on its meaning. */
static inline bool
bpf_accepts(const struct dpf_bpf *prog, const uint8_t *p, size_t len,
	size_t wirelen)
{
	struct bpf_cpu c = {
		.p = p,
		.len = (uint32_t)len,
		.wirelen = (uint32_t)wirelen,
	};

	for (const struct dpf_bpf *i = prog; !c.rejected; i++) {
		uint32_t x = i->code & BPF_X ? c.x : i->k;
		unsigned op = i->code & BPF_OP_MASK;

		switch (i->code & BPF_CLASS_MASK) {
		case BPF_LD:
			c.a = bpf_load(&c, i);
			break;
		case BPF_LDX:
			c.x = bpf_load(&c, i);
			break;
		case BPF_ST:
			c.mem[i->k] = c.a;
			break;
		case BPF_STX:
			c.mem[i->k] = c.x;
			break;
		case BPF_ALU:
			c.a = bpf_alu(&c, op, c.a, x);
			break;
		case BPF_JMP:
			if (op == BPF_JA)
				i += i->k;
			else
				i += bpf_jump(op, c.a, x) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return (i->code & BPF_A ? c.a : i->k) != 0;
		default:
			if (i->code & BPF_TXA)
				c.a = c.x;
			else
				c.x = c.a;
			break;
		}
	}
	return false;
}

/* Hold F against PROG on frame P at LEN bytes, with nothing behind them. */
static inline bool
agrees(const struct dpf_filter *f, const struct dpf_bpf *prog, const uint8_t *p,
	size_t len, size_t wirelen)
{
	uint8_t *exact = malloc(len == 0 ? 1 : len);
	bool same;

	if (exact == NULL)
		return false;
	memcpy(exact, p, len);
	same = dpf_interp(f, exact, len, wirelen) ==
	       bpf_accepts(prog, exact, len, wirelen);
	free(exact);
	return same;
}

static inline bool
agrees_on_frames(const struct dpf_filter *f, const struct dpf_bpf *prog,
	size_t n, struct rng *r, unsigned frames)
{
	static uint8_t p[FRAME_ROOM];
	static struct aim aims[MAX_AIMS];
	size_t naims = aims_find(prog, n, aims);

	while (frames-- > 0) {
		size_t len = frame_make(r, p);

		frame_aim(r, aims, naims, p);
		if (!agrees(f, prog, p, len, len))
			return false;
		if (!agrees(f, prog, p, rng_below(r, 80), len))
			return false;
	}
	return true;
}

#endif /* TESTS_UNIT_DPF_FRAMES_H */
