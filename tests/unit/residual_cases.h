/*
 * residual_cases.h - what native code of residuals must do, whoever runs it.
 *
 * Programs by hand say what they must come to; those made by chance are held
 * against the interpreter (run.c), which host/test_pcap.c and the fuzzer hold
 * against libpcap's.
 */
#ifndef TESTS_RESIDUAL_CASES_H
#define TESTS_RESIDUAL_CASES_H

#include "tests/unit/dpf_random.h"
#include "tests/unit/run.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ARENA_BYTES = 2 << 20,
	CODE_WORDS = 1 << 17,
	LONG = DPF_MAX_RESIDUAL,
};

static uint32_t programs; /* that chance makes */
static uint32_t code[CODE_WORDS];
static uint16_t longest[CODE_WORDS];
static uint64_t arena[ARENA_BYTES / 8];

#define STMT(code, k)                                                          \
	{                                                                      \
		(code), 0, 0, (k)                                              \
	}
#define JUMP(op, k, jt, jf)                                                    \
	{                                                                      \
		BPF_JMP | (op), (jt), (jf), (k)                                \
	}
#define LD(k)      STMT(BPF_LD, k)
#define LDX(k)     STMT(BPF_LDX, k)
#define ABS(w, k)  STMT(BPF_LD | BPF_ABS | (w), k)
#define IND(w, k)  STMT(BPF_LD | BPF_IND | (w), k)
#define MSH(k)     STMT(BPF_LDX | BPF_MSH | BPF_B, k)
#define ALU(op, k) STMT(BPF_ALU | (op), k)
#define ALUX(op)   STMT(BPF_ALU | BPF_X | (op), 0)
#define RET(k)     STMT(BPF_RET, k)
#define RETA       STMT(BPF_RET | BPF_A, 0)
#define TAX        STMT(BPF_MISC, 0)
#define TXA        STMT(BPF_MISC | BPF_TXA, 0)

/* --- one program ------------------------------------------------------------- */

struct stored {
	struct dpf_blob head;
	struct dpf_bpf prog[LONG];
};

/* A filter that is nothing but the program. */
static struct dpf_filter
filter_of(struct stored *b, const struct dpf_bpf *prog, uint32_t n)
{
	struct dpf_filter f = { .root = DPF_REJECT };
	int bytes;

	b->head = (struct dpf_blob){
		.magic = DPF_MAGIC, .root = DPF_ACCEPT, .nresidual = (uint16_t)n
	};
	memcpy(b->prog, prog, n * sizeof(*prog));
	bytes = dpf_parse(b, sizeof(b->head) + n * sizeof(*prog), &f);
	CU_ASSERT_FATAL(bytes > 0);
	return f;
}

/* Compile N filters with ids and ranks from 1 on; returns the bound. */
static uint32_t
compile(const struct dpf_filter *f, uint32_t n, bool all)
{
	struct dpf_set *s = NULL;
	int words;

	CU_ASSERT_FATAL(dpf_set_init(arena, sizeof(arena),
				all ? DPF_SET_ALL : DPF_SET_ONE, &s) == SP_OK);
	for (uint32_t i = 0; i < n; i++)
		CU_ASSERT_FATAL(
			dpf_set_insert(s, &f[i], i + 1, i + 1) == SP_OK);
	words = dpf_set_emit(s, code, CODE_WORDS, run_address());
	CU_ASSERT_FATAL(words > 0);
	run_load(code, (uint32_t)words);
	return dpf_code_bound(code, (size_t)words, run_address(), longest);
}

static bool
native_accepts(const uint8_t *frame, size_t len, size_t wirelen, uint32_t bound)
{
	uint16_t ids[RUN_MAX_IDS];
	bool yes = run_call(frame, (uint32_t)len, (uint32_t)wirelen, ids) != 0;

	CU_ASSERT(run_insns() <= bound);
	return yes;
}

/* --- programs by hand -------------------------------------------------------- */

struct known {
	uint32_t returns;
	uint32_t n;
	struct dpf_bpf prog[12];
};

/* For a frame of 20 bytes, 0x10 0x11 .. 0x23, 60 on the wire. */
static const struct known known[] = {
	{ 7, 1, { RET(7) } },
	{ 0, 1, { RET(0) } },
	{ 0, 1, { RETA } },
	{ 0x10111213, 2, { ABS(BPF_W, 0), RETA } },
	{ 0x12131415, 2, { ABS(BPF_W, 2), RETA } },
	{ 0x11121314, 2, { ABS(BPF_W, 1), RETA } },
	{ 0x1011, 2, { ABS(BPF_H, 0), RETA } },
	{ 0x1112, 2, { ABS(BPF_H, 1), RETA } },
	{ 0x23, 2, { ABS(BPF_B, 19), RETA } },
	{ 0, 2, { ABS(BPF_B, 20), RET(1) } },
	{ 0, 2, { ABS(BPF_H, 19), RET(1) } },
	{ 0, 2, { ABS(BPF_W, 17), RET(1) } },
	{ 1, 2, { ABS(BPF_W, 16), RET(1) } },
	{ 0, 2, { ABS(BPF_B, 0x7ff0), RET(1) } },
	{ 0, 2, { ABS(BPF_W, 0x12345678), RET(1) } },
	{ 0, 2, { ABS(BPF_W, 0x7ffffffe), RET(1) } },
	{ 0, 2, { ABS(BPF_B, 0x80000000), RET(1) } },
	{ 0, 2, { ABS(BPF_W, 0xffffefff), RET(1) } },
	{ 0, 3, { LDX(4), IND(BPF_W, 0xfffffffe), RET(1) } },
	{ 0, 3, { LDX(0xfffffffe), IND(BPF_W, 4), RET(1) } },
	{ 0, 3, { LDX(0xffffffff), IND(BPF_B, 1), RET(1) } },
	{ 0, 3, { LDX(0x80000000), IND(BPF_B, 0x80000000), RET(1) } },
	{ 0, 3, { LDX(16), IND(BPF_B, 0x9000), RET(1) } },
	{ 0x23, 3, { LDX(16), IND(BPF_B, 3), RETA } },
	{ 0, 3, { LDX(17), IND(BPF_B, 3), RET(1) } },
	{ 0x1213, 3, { LDX(2), IND(BPF_H, 0), RETA } },
	{ 0x20212223, 3, { LDX(3), IND(BPF_W, 13), RETA } },
	{ 0, 3, { LDX(3), IND(BPF_W, 14), RET(1) } },
	{ 12, 3, { MSH(19), TXA, RETA } },
	{ 0, 2, { MSH(20), RET(1) } },
	{ 60, 2, { STMT(BPF_LD | BPF_LEN, 0), RETA } },
	{ 60, 3, { STMT(BPF_LDX | BPF_LEN, 0), TXA, RETA } },
	{ 0, 2, { STMT(BPF_LD | BPF_MEM, 15), RETA } },
	{ 5, 6,
		{ LD(5), STMT(BPF_ST, 15), LD(0), LDX(9), STMT(BPF_STX, 0),
			{ BPF_LD | BPF_MEM, 0, 0, 15 } } },
	{ 9, 5,
		{ LDX(9), STMT(BPF_STX, 3), LDX(1), STMT(BPF_LDX | BPF_MEM, 3),
			TXA } },
	/* arithmetic */
	{ 0, 3, { LD(0xffffffff), ALU(BPF_ADD, 1), RETA } },
	{ 0x8000, 3, { LD(1), ALU(BPF_ADD, 0x7fff), RETA } },
	{ 0x8001, 3, { LD(1), ALU(BPF_ADD, 0x8000), RETA } },
	{ 0xffff8001, 3, { LD(1), ALU(BPF_SUB, 0x8000), RETA } },
	{ 0xffff8000, 3, { LD(1), ALU(BPF_SUB, 0x8001), RETA } },
	{ 0xfffffffe, 4, { LD(5), LDX(7), ALUX(BPF_SUB), RETA } },
	{ 35, 4, { LD(5), LDX(7), ALUX(BPF_MUL), RETA } },
	{ 0xfffffffb, 3, { LD(5), ALU(BPF_MUL, 0xffffffff), RETA } },
	{ 0x7fffffff, 3, { LD(0xffffffff), ALU(BPF_DIV, 2), RETA } },
	{ 1, 3, { LD(0xffffffff), ALU(BPF_DIV, 0xfffffffe), RETA } },
	{ 1, 3, { LD(0xffffffff), ALU(BPF_MOD, 0xfffffffe), RETA } },
	{ 2, 4, { LD(17), LDX(5), ALUX(BPF_MOD), RETA } },
	{ 3, 4, { LD(17), LDX(5), ALUX(BPF_DIV), RETA } },
	{ 0, 4, { LD(17), LDX(0), ALUX(BPF_DIV), RET(1) } },
	{ 0, 4, { LD(17), LDX(0), ALUX(BPF_MOD), RET(1) } },
	{ 0xf0f, 3, { LD(0xf00), ALU(BPF_OR, 0xf), RETA } },
	{ 0x8000000f, 3, { LD(0xf), ALU(BPF_OR, 0x80000000), RETA } },
	{ 0xc, 4, { LD(0xf), LDX(0x1c), ALUX(BPF_AND), RETA } },
	{ 0x80000000, 3, { LD(0xffffffff), ALU(BPF_AND, 0x80000000), RETA } },
	{ 0x13, 4, { LD(0xf), LDX(0x1c), ALUX(BPF_XOR), RETA } },
	{ 0xffff0000, 3, { LD(0xffffffff), ALU(BPF_XOR, 0xffff), RETA } },
	{ 0x80000000, 3, { LD(1), ALU(BPF_LSH, 31), RETA } },
	{ 1, 3, { LD(0xffffffff), ALU(BPF_RSH, 31), RETA } },
	{ 0x40, 4, { LD(2), LDX(5), ALUX(BPF_LSH), RETA } },
	{ 0, 4, { LD(2), LDX(32), ALUX(BPF_LSH), RETA } },
	{ 0, 4, { LD(2), LDX(0x80000000), ALUX(BPF_RSH), RETA } },
	{ 0xfffffffb, 3, { LD(5), ALU(BPF_NEG, 0), RETA } },
	/* jumps: behind each, what must not move before it */
	{ 2, 5,
		{ LD(5), JUMP(BPF_JEQ, 5, 1, 0), LD(9), ALU(BPF_SUB, 3),
			RETA } },
	{ 6, 5,
		{ LD(5), JUMP(BPF_JEQ, 6, 1, 0), LD(9), ALU(BPF_SUB, 3),
			RETA } },
	{ 1, 4, { LD(5), JUMP(BPF_JGT, 4, 0, 1), RET(1), RET(0) } },
	{ 0, 4, { LD(5), JUMP(BPF_JGT, 5, 0, 1), RET(1), RET(0) } },
	{ 0, 4, { LD(5), JUMP(BPF_JGT, 0xffffffff, 0, 1), RET(1), RET(0) } },
	{ 0, 4, { LD(0x7fff), JUMP(BPF_JGT, 0x7fff, 0, 1), RET(1), RET(0) } },
	{ 1, 4, { LD(0x8000), JUMP(BPF_JGT, 0x7fff, 0, 1), RET(1), RET(0) } },
	{ 1, 4, { LD(0x8000), JUMP(BPF_JGE, 0x8000, 0, 1), RET(1), RET(0) } },
	{ 0, 4, { LD(0x7fff), JUMP(BPF_JGE, 0x8000, 0, 1), RET(1), RET(0) } },
	{ 1, 4, { LD(0), JUMP(BPF_JGE, 0, 0, 1), RET(1), RET(0) } },
	{ 1, 4, { LD(6), JUMP(BPF_JSET, 2, 0, 1), RET(1), RET(0) } },
	{ 0, 4, { LD(6), JUMP(BPF_JSET, 0x80000009, 0, 1), RET(1), RET(0) } },
	{ 1, 5,
		{ LD(6), LDX(5), JUMP(BPF_JGT | BPF_X, 0, 0, 1), RET(1),
			RET(0) } },
	{ 1, 5,
		{ LD(6), LDX(6), JUMP(BPF_JGE | BPF_X, 0, 0, 1), RET(1),
			RET(0) } },
	{ 1, 5,
		{ LD(6), LDX(4), JUMP(BPF_JSET | BPF_X, 0, 0, 1), RET(1),
			RET(0) } },
	{ 0, 5,
		{ LD(6), LDX(7), JUMP(BPF_JEQ | BPF_X, 0, 0, 1), RET(1),
			RET(0) } },
	{ 3, 6,
		{ STMT(BPF_JMP | BPF_JA, 1), RET(0), STMT(BPF_JMP | BPF_JA, 1),
			RET(0), STMT(BPF_JMP | BPF_JA, 0), RET(3) } },
	/* a check for both loads behind it must not count for the other way */
	{ 1, 6,
		{ LD(1), JUMP(BPF_JEQ, 1, 2, 0), ABS(BPF_B, 19), RETA, RET(1),
			RET(0) } },
	{ 1, 6,
		{ LD(1), JUMP(BPF_JEQ, 1, 2, 0), ABS(BPF_B, 30), RETA, RET(1),
			RET(0) } },
	{ 0, 6,
		{ LD(2), JUMP(BPF_JEQ, 1, 0, 1), ABS(BPF_B, 1), ABS(BPF_B, 20),
			RET(1), RET(0) } },
};

static void
test_programs_return_what_is_known(void)
{
	static struct stored b;
	uint8_t frame[20];

	for (unsigned i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(0x10 + i);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct known k = known[i];
		uint32_t got;
		struct dpf_filter f;

		if ((k.prog[k.n - 1].code & BPF_CLASS_MASK) != BPF_RET)
			k.prog[k.n++] = (struct dpf_bpf)RETA;
		f = filter_of(&b, k.prog, k.n);
		got = dpf_bpf_run(k.prog, frame, sizeof(frame), 60);
		if (got != k.returns)
			printf("\n    program %u: %#x", (unsigned)i, got);
		CU_ASSERT_EQUAL(got, k.returns);
		for (unsigned all = 0; all < 2; all++) {
			uint32_t bound = compile(&f, 1, all);
			bool yes =
				native_accepts(frame, sizeof(frame), 60, bound);

			if (yes != (k.returns != 0))
				printf("\n    native program %u", (unsigned)i);
			CU_ASSERT_EQUAL(yes, k.returns != 0);
		}
	}
}

/* --- programs by chance ------------------------------------------------------ */

/* Of programs that return A most frames are accepted: so look at each bit. */
static void
random_bit(struct rng *r, struct dpf_bpf *prog, uint32_t *n)
{
	prog[*n - 1] = (struct dpf_bpf)ALU(BPF_AND, 1u << rng_below(r, 32));
	prog[(*n)++] = (struct dpf_bpf)RETA;
}

static void
test_programs_by_chance_agree(void)
{
	static struct dpf_bpf prog[304];
	static struct stored b;
	struct rng r = { 11 };
	uint32_t accepted = 0, called = 0;

	for (uint32_t i = 0; i < programs; i++) {
		uint32_t n = 1 + rng_below(&r, i % 16 == 0 ? 300 : 24), bound;
		struct dpf_filter f;

		random_program(&r, prog, n);
		random_bit(&r, prog, &n);
		f = filter_of(&b, prog, n);
		bound = compile(&f, 1, i % 2);
		for (unsigned k = 0; k < 24; k++) {
			uint8_t frame[80];
			size_t len = rng_below(&r, sizeof(frame) + 1);
			size_t wirelen = len + rng_below(&r, 3);
			bool yes;

			random_frame(&r, frame, len);
			yes = dpf_bpf_run(prog, frame, len, wirelen) != 0;
			if (native_accepts(frame, len, wirelen, bound) != yes)
				CU_FAIL_FATAL("native code differs");
			accepted += yes;
			called++;
		}
	}
	printf("%u of %u accepted ", accepted, called);
	CU_ASSERT(accepted > called / 20 && accepted < called - called / 20);
}

/* --- the longest ------------------------------------------------------------- */

/* Three of the longest programs are more than branches reach. */
static void
test_longest_programs_fit(void)
{
	static struct stored b[3];
	static struct dpf_bpf prog[LONG];
	struct dpf_filter f[3];
	uint8_t frame[64];
	uint32_t bound;

	memset(frame, 0x31, sizeof(frame));
	for (uint32_t i = 0; i < LONG; i++)
		prog[i] = i % 2 == 1 ? (struct dpf_bpf)ALUX(BPF_ADD)
				     : (struct dpf_bpf)IND(BPF_H, i % 40);
	prog[0] = (struct dpf_bpf)LDX(7);
	/* from the first instruction to the last one */
	prog[1] = (struct dpf_bpf)STMT(BPF_LD | BPF_B | BPF_ABS, 0);
	prog[2] = (struct dpf_bpf)JUMP(BPF_JEQ, 1, 0, 1);
	prog[3] = (struct dpf_bpf)STMT(BPF_JMP | BPF_JA, LONG - 5);
	prog[LONG - 1] = (struct dpf_bpf)RETA;
	for (unsigned i = 0; i < 3; i++) {
		f[i] = filter_of(&b[i], prog, LONG);
		b[i].prog[LONG - 2] = (struct dpf_bpf)LD(i == 0);
	}
	bound = compile(f, 3, false);
	CU_ASSERT(bound > 3 * LONG && bound < UINT16_MAX);
	CU_ASSERT_EQUAL(run_call(frame, 64, 64, NULL), 1);
	CU_ASSERT(run_insns() <= bound);
	frame[0] = 1; /* the jump: A is 1 for all of them */
	CU_ASSERT_EQUAL(run_call(frame, 64, 64, NULL), 3);
	CU_ASSERT_EQUAL(run_call(frame, 1, 64, NULL), 3);
	CU_ASSERT_EQUAL(run_call(frame, 0, 64, NULL), 0);
}

/* Returns the exit status. */
static inline int
run_cases(const char *suite, uint32_t random_programs)
{
	CU_pSuite s;

	programs = random_programs;
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite(suite, NULL, NULL);
	CU_ADD_TEST(s, test_programs_return_what_is_known);
	CU_ADD_TEST(s, test_programs_by_chance_agree);
	CU_ADD_TEST(s, test_longest_programs_fit);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}

#endif /* TESTS_RESIDUAL_CASES_H */
