/*
 * run_sim.h - run generated code on the host: a strict MIPS32r2 in C.
 *
 * Knows only what the generator may use.  Stops at a load outside the frame and
 * the pool and the stack, a store outside the ids and the stack, a register the contract does not give, a
 * branch in a delay slot, and code outside the code.  Counts instructions.
 */
#ifndef TESTS_RUN_SIM_H
#define TESTS_RUN_SIM_H

#include "tests/unit/run.h"

#include "dpf/mips.h"

#include <spindle/bytes.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SIM_CODE = 0x80100000,
	SIM_POOL = 0x81000000,
	SIM_FRAME = 0x80200002, /* 2 modulo 4 */
	SIM_IDS = 0x80300000,
	SIM_STACK = 0x80400000, /* its end */
	SIM_STACK_BYTES = 64,
	SIM_RETURN = 0x8fff0000,
};

static struct {
	uint64_t pool[RUN_POOL_BYTES / 8];
	const uint32_t *root; /* NULL: code at SIM_CODE */
	const uint32_t *code;
	uint32_t words, base; /* of the code */
	uint32_t r[32], hi, lo;
	uint32_t stack[SIM_STACK_BYTES / 4];
	const uint8_t *frame;
	uint32_t len;
	uint16_t *ids;
	uint64_t insns; /* of the last call */
} sim;

static void
sim_fail(uint32_t pc, const char *what, uint32_t v)
{
	printf("\n    generated code at %#x: %s %#x\n", pc, what, v);
	fflush(stdout);
	abort();
}

static uint32_t
sim_byte(uint32_t pc, uint32_t at)
{
	if (at - SIM_FRAME >= sim.len)
		sim_fail(pc, "load outside the frame", at - SIM_FRAME);
	return sim.frame[at - SIM_FRAME];
}

/* Is AT a word of the stack that $sp has made room for? */
static bool
sim_on_stack(uint32_t at)
{
	return at % 4 == 0 && SIM_STACK - at <= SIM_STACK_BYTES &&
	       SIM_STACK - at > 0 && at >= sim.r[MIPS_SP];
}

static uint32_t *
sim_stack(uint32_t at)
{
	return &sim.stack[(at - (SIM_STACK - SIM_STACK_BYTES)) / 4];
}

/* N bytes, N-aligned. */
static uint32_t
sim_load(uint32_t pc, uint32_t at, unsigned n)
{
	uint32_t v = 0;

	if (at % n != 0)
		sim_fail(pc, "unaligned load", at);
	if (n == 4 && sim_on_stack(at))
		return *sim_stack(at);
	if (n != 1 && sim.root != NULL && at - SIM_POOL < RUN_POOL_BYTES) {
		const uint8_t *p = (const uint8_t *)sim.pool + (at - SIM_POOL);

		return n == 2 ? le16_get(p) : le32_get(p);
	}
	for (unsigned i = n; i-- > 0;)
		v = v << 8 | sim_byte(pc, at + i);
	return v;
}

static uint32_t
sim_lwl(uint32_t pc, uint32_t at, uint32_t old)
{
	unsigned n = (at & 3) + 1;
	uint32_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | sim_byte(pc, at - i);
	return n == 4 ? v : v << (32 - 8 * n) | (old & (0xffffffffu >> 8 * n));
}

static uint32_t
sim_lwr(uint32_t pc, uint32_t at, uint32_t old)
{
	unsigned n = 4 - (at & 3);
	uint32_t v = 0;

	for (unsigned i = n; i-- > 0;)
		v = v << 8 | sim_byte(pc, at + i);
	return n == 4 ? v : v | (old & (0xffffffffu << 8 * n));
}

static void
sim_set(uint32_t pc, uint32_t reg, uint32_t v)
{
	if (reg == 0 || (reg >= MIPS_S0 && reg <= MIPS_S7) ||
		(reg >= MIPS_K0 && reg != MIPS_SP) ||
		(reg == MIPS_SP && SIM_STACK - v > SIM_STACK_BYTES))
		sim_fail(pc, "forbidden register", reg);
	sim.r[reg] = v;
}

static bool
sim_is(uint32_t w, uint32_t match, uint32_t mask)
{
	return (w & mask) == match;
}

#define X(name, match, mask, kind) SIM_MASK_##name = (int)(mask),
enum { MIPS_INSNS(X) };
#undef X
#define SIM_IS(name)                                                           \
	sim_is(w, (uint32_t)MIPS_OP_##name, (uint32_t)SIM_MASK_##name)

static bool
sim_step_alu(uint32_t pc, uint32_t w)
{
	uint32_t s = sim.r[mips_rs(w)], t = sim.r[mips_rt(w)];
	uint32_t rd = mips_rd(w), sa = mips_sa(w);

	if (SIM_IS(sll))
		sim_set(pc, rd, t << sa);
	else if (SIM_IS(srl))
		sim_set(pc, rd, t >> sa);
	else if (SIM_IS(rotr))
		sim_set(pc, rd, t >> sa | t << (32 - sa) % 32);
	else if (SIM_IS(movn))
		sim_set(pc, rd, t != 0 ? s : sim.r[rd]);
	else if (SIM_IS(addu))
		sim_set(pc, rd, s + t);
	else if (SIM_IS(subu))
		sim_set(pc, rd, s - t);
	else if (SIM_IS(and))
		sim_set(pc, rd, s & t);
	else if (SIM_IS(xor))
		sim_set(pc, rd, s ^ t);
	else if (SIM_IS(mul))
		sim_set(pc, rd, s * t);
	else if (SIM_IS(sltu))
		sim_set(pc, rd, s < t);
	else if (SIM_IS(or))
		sim_set(pc, rd, s | t);
	else if (SIM_IS(sllv))
		sim_set(pc, rd, t << (s & 31));
	else if (SIM_IS(srlv))
		sim_set(pc, rd, t >> (s & 31));
	else if (SIM_IS(movz))
		sim_set(pc, rd, t == 0 ? s : sim.r[rd]);
	else if (SIM_IS(mfhi))
		sim_set(pc, rd, sim.hi);
	else if (SIM_IS(mflo))
		sim_set(pc, rd, sim.lo);
	else if (SIM_IS(divu)) { /* by 0: anything */
		sim.lo = t == 0 ? 0xdeadbeef : s / t;
		sim.hi = t == 0 ? 0xdeadbeef : s % t;
	} else if (SIM_IS(wsbh))
		sim_set(pc, rd, (t & 0x00ff00ff) << 8 | (t >> 8 & 0x00ff00ff));
	else
		return false;
	return true;
}

static bool
sim_step_imm(uint32_t pc, uint32_t w)
{
	uint32_t s = sim.r[mips_rs(w)], t = sim.r[mips_rt(w)];
	uint32_t rt = mips_rt(w), sa = mips_sa(w);
	uint32_t imm = (uint32_t)mips_imm(w);
	uint32_t ones = 0xffffffffu >> (31 - mips_rd(w));

	if (SIM_IS(addiu))
		sim_set(pc, rt, s + imm);
	else if (SIM_IS(sltiu))
		sim_set(pc, rt, s < imm);
	else if (SIM_IS(andi))
		sim_set(pc, rt, s & imm & 0xffff);
	else if (SIM_IS(ori))
		sim_set(pc, rt, s | (imm & 0xffff));
	else if (SIM_IS(xori))
		sim_set(pc, rt, s ^ (imm & 0xffff));
	else if (SIM_IS(lui))
		sim_set(pc, rt, imm << 16);
	else if (SIM_IS(ext)) /* rd: size - 1 */
		sim_set(pc, rt, s >> sa & ones);
	else if (SIM_IS(ins)) /* rd: the last bit */
		sim_set(pc, rt,
			(t & ~(ones & 0xffffffffu << sa)) | (s << sa & ones));
	else
		return false;
	return true;
}

static bool
sim_step_memory(uint32_t pc, uint32_t w)
{
	uint32_t t = sim.r[mips_rt(w)], rt = mips_rt(w);
	uint32_t at = sim.r[mips_rs(w)] + (uint32_t)mips_imm(w);

	if (SIM_IS(lbu))
		sim_set(pc, rt, sim_load(pc, at, 1));
	else if (SIM_IS(lhu))
		sim_set(pc, rt, sim_load(pc, at, 2));
	else if (SIM_IS(lw))
		sim_set(pc, rt, sim_load(pc, at, 4));
	else if (SIM_IS(lwl))
		sim_set(pc, rt, sim_lwl(pc, at, t));
	else if (SIM_IS(lwr))
		sim_set(pc, rt, sim_lwr(pc, at, t));
	else if (SIM_IS(sh) && at % 2 == 0 && at - SIM_IDS < 2 * RUN_MAX_IDS)
		sim.ids[(at - SIM_IDS) / 2] = (uint16_t)t;
	else if (SIM_IS(sw) && sim_on_stack(at))
		*sim_stack(at) = t;
	else
		return false;
	return true;
}

/* Everything but control transfers. */
static void
sim_step(uint32_t pc, uint32_t w)
{
	if (w != MIPS_NOP && !sim_step_alu(pc, w) && !sim_step_imm(pc, w) &&
		!sim_step_memory(pc, w))
		sim_fail(pc, "unexpected instruction", w);
}

/* Does W at PC transfer control?  To what address, if it does? */
static bool
sim_branch(uint32_t pc, uint32_t w, uint32_t *to)
{
	uint32_t s = sim.r[mips_rs(w)], t = sim.r[mips_rt(w)];

	*to = pc + 8;
	if (SIM_IS(beq)) {
		if (s == t)
			*to = pc + 4 + ((uint32_t)mips_imm(w) << 2);
	} else if (SIM_IS(bne)) {
		if (s != t)
			*to = pc + 4 + ((uint32_t)mips_imm(w) << 2);
	} else if (SIM_IS(j)) {
		*to = ((pc + 4) & 0xf0000000) | (w & 0x03ffffff) << 2;
	} else if (SIM_IS(jr)) {
		*to = s;
	} else {
		return false;
	}
	return true;
}

static uint32_t
sim_fetch(uint32_t pc)
{
	if (pc % 4 != 0 || (pc - sim.base) / 4 >= sim.words)
		sim_fail(pc, "outside the code", pc);
	sim.insns++;
	return sim.code[(pc - sim.base) / 4];
}

uint32_t
run_address(void)
{
	return SIM_CODE;
}

void
run_load(const uint32_t *code, uint32_t words)
{
	sim.root = NULL;
	sim.code = code;
	sim.words = words;
	sim.base = SIM_CODE;
}

void *
run_pool(uint32_t *address, const uint32_t *root)
{
	*address = SIM_POOL;
	sim.root = root;
	sim.code = (const uint32_t *)(const void *)sim.pool;
	sim.words = RUN_POOL_BYTES / 4;
	sim.base = SIM_POOL;
	return sim.pool;
}

void
run_sync(void *code, size_t bytes)
{
	(void)code;
	(void)bytes;
}

uint32_t
run_call(const uint8_t *frame, uint32_t len, uint32_t wirelen, uint16_t *ids)
{
	uint32_t pc = sim.root != NULL ? *sim.root : SIM_CODE, to, none;

	for (unsigned i = 1; i < 32; i++)
		sim.r[i] = 0xdead0000u + i; /* nothing may be relied on */
	sim.r[MIPS_A0] = SIM_FRAME;
	sim.r[MIPS_A1] = len;
	sim.r[MIPS_A2] = wirelen;
	sim.r[MIPS_A3] = SIM_IDS;
	sim.r[MIPS_RA] = SIM_RETURN;
	sim.r[MIPS_SP] = SIM_STACK;
	sim.hi = sim.lo = 0xdead0000;
	memset(sim.stack, 0xad, sizeof(sim.stack));
	sim.frame = frame;
	sim.len = len;
	sim.ids = ids;
	sim.insns = 0;
	while (pc != SIM_RETURN) {
		uint32_t w = sim_fetch(pc);

		if (sim_branch(pc, w, &to)) {
			w = sim_fetch(pc + 4);
			if (sim_branch(pc + 4, w, &none))
				sim_fail(pc, "branch in a delay slot", w);
			sim_step(pc + 4, w);
			pc = to;
		} else {
			sim_step(pc, w);
			pc += 4;
		}
	}
	if (sim.r[MIPS_SP] != SIM_STACK)
		sim_fail(pc, "returns with another stack", sim.r[MIPS_SP]);
	return sim.r[MIPS_V0];
}

uint32_t
run_insns(void)
{
	return (uint32_t)sim.insns;
}

bool
run_counts(void)
{
	return true;
}

#endif /* TESTS_RUN_SIM_H */
