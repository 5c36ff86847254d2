/*
 * test_lift_random.c - random programs are lifted exactly.
 */
#include "dpf_frames.h"

#include <CUnit/Basic.h>
#include <stdio.h>

enum { SCRATCH = 4 << 20, PROGRAMS = 30000, FRAMES = 12 };

static _Alignas(8) uint8_t scratch[SCRATCH];
static _Alignas(8) uint8_t blob[DPF_BLOB_MAX];

#define STMT(code, k)                                                          \
	{                                                                      \
		(code), 0, 0, (k)                                              \
	}
#define JUMP(op, k, jt, jf)                                                    \
	{                                                                      \
		BPF_JMP | (op), (jt), (jf), (k)                                \
	}
#define RET(k) STMT(BPF_RET, k)

static int
lift(const struct dpf_bpf *prog, size_t n, struct dpf_filter *f,
	struct dpf_why *why)
{
	int bytes = dpf_lift(
		prog, n, scratch, sizeof(scratch), blob, sizeof(blob), why);

	if (bytes > 0)
		CU_ASSERT_EQUAL_FATAL(dpf_parse(blob, (size_t)bytes, f), bytes);
	return bytes;
}

static uint32_t
random_off(struct rng *r)
{
	return RNG_PICK(r, 0, 4, 6, 12, 12, 14, 16, 20, 23, 26, 30, 38, 54, 70);
}

static uint32_t
random_num(struct rng *r)
{
	return RNG_PICK(r, 0, 1, 2, 4, 5, 7, 8, 17, 6, 0x0f, 0xf0, 0x45, 0xff,
		0x0800, 0x86dd, 0x1fff, 0xfff0, 0x00ffff00, 0xff000000,
		0x0a070002, 0x80000000, UINT32_MAX, UINT32_MAX - 3,
		rng_next(r));
}

static struct dpf_bpf
random_alu(struct rng *r)
{
	static const uint16_t ops[] = {
		BPF_AND,
		BPF_AND,
		BPF_AND,
		BPF_ADD,
		BPF_ADD,
		BPF_SUB,
		BPF_OR,
		BPF_XOR,
		BPF_LSH,
		BPF_RSH,
		BPF_MUL,
		BPF_DIV,
		BPF_MOD,
		BPF_NEG,
	};
	uint16_t op = ops[rng_below(r, ARRAY_LEN(ops))];
	struct dpf_bpf i = STMT((uint16_t)(BPF_ALU | op), random_num(r));

	if (op == BPF_LSH || op == BPF_RSH)
		i.k = rng_below(r, 12);
	else if ((op == BPF_DIV || op == BPF_MOD) && rng_below(r, 8) != 0)
		i.k = BIT(rng_below(r, 6));
	else if (i.k == 0)
		i.k = 3;
	if (op != BPF_NEG && rng_below(r, 6) == 0)
		i.code |= BPF_X;
	return i;
}

static struct dpf_bpf
random_load(struct rng *r)
{
	struct dpf_bpf i = STMT(BPF_LD | BPF_ABS, random_off(r));

	i.code |= (uint16_t)RNG_PICK(r, BPF_W, BPF_H, BPF_H, BPF_B);
	switch (rng_below(r, 10)) {
	case 0:
		i.code = BPF_LD;
		break;
	case 1:
		i.code = BPF_LD | BPF_LEN;
		break;
	case 2:
	case 3:
		i.code = (uint16_t)((i.code & ~BPF_MODE_MASK) | BPF_IND);
		break;
	case 4:
		i.code = BPF_LDX | BPF_MSH | BPF_B;
		i.k = 14;
		break;
	case 5:
		i.code = (uint16_t)(RNG_PICK(r, BPF_LD, BPF_LDX) | BPF_MEM);
		i.k = rng_below(r, 2);
		break;
	case 6:
		i.code = BPF_LDX;
		i.k = random_num(r);
		break;
	default:
		break;
	}
	return i;
}

static struct dpf_bpf
random_jump(struct rng *r, size_t left)
{
	struct dpf_bpf i = JUMP(0, random_num(r), 0, 0);

	i.k &= RNG_PICK(r, 0xff, 0xff, 0xffff, UINT32_MAX);
	i.code |= (uint16_t)RNG_PICK(
		r, BPF_JEQ, BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET);
	if (rng_below(r, 12) == 0)
		i.code |= BPF_X;
	i.jt = (uint8_t)rng_below(r, (uint32_t)(left < 5 ? left : 5));
	i.jf = (uint8_t)rng_below(r, (uint32_t)(left < 9 ? left : 9));
	if (rng_below(r, 40) == 0) {
		i.code = BPF_JMP | BPF_JA;
		i.k = i.jt;
	}
	return i;
}

static struct dpf_bpf
random_move(struct rng *r)
{
	struct dpf_bpf i = STMT(BPF_MISC, 0);

	switch (rng_below(r, 4)) {
	case 0:
		i.code = (uint16_t)RNG_PICK(r, BPF_ST, BPF_STX);
		i.k = rng_below(r, 2);
		break;
	case 1:
		i.code = BPF_MISC | BPF_TXA;
		break;
	default:
		break;
	}
	return i;
}

/* Steps of load, compute, compare, between what makes them interesting. */
static __attribute__((noinline)) size_t
random_program(struct rng *r, struct dpf_bpf prog[32])
{
	size_t n = 8 + rng_below(r, 25);
	unsigned phase = 0;

	prog[0] = (struct dpf_bpf)STMT(BPF_ST, 0);
	prog[1] = (struct dpf_bpf)STMT(BPF_ST, 1);
	for (size_t i = 2; i < n - 2; i++) {
		if (rng_below(r, 6) == 0) {
			prog[i] = random_move(r);
		} else if (phase == 0) {
			prog[i] = random_load(r);
			phase = rng_below(r, 4);
		} else if (phase == 1) {
			prog[i] = random_alu(r);
			phase = rng_below(r, 3) == 0 ? 1 : 2;
		} else {
			prog[i] = random_jump(r, n - 1 - i);
			phase = 0;
		}
	}
	prog[n - 2] = (struct dpf_bpf)STMT(
		(uint16_t)(BPF_RET | RNG_PICK(r, 0, 0, 0, BPF_A)), 1);
	prog[n - 1] = (struct dpf_bpf)RET(rng_below(r, 8) == 0);
	return n;
}

static void
print_program(const struct dpf_bpf *prog, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("\n    { 0x%02x, %u, %u, 0x%08x },", prog[i].code,
			prog[i].jt, prog[i].jf, prog[i].k);
}

static void
test_random_programs_are_exact(void)
{
	struct rng r = { 2463534242u };
	unsigned lifted = 0, branching = 0;

	for (unsigned i = 0; i < PROGRAMS; i++) {
		static struct dpf_bpf prog[32];
		size_t n = random_program(&r, prog);
		struct dpf_filter f;
		struct dpf_why why = { SIZE_MAX, NULL };
		int bytes = lift(prog, n, &f, &why);

		CU_ASSERT_FATAL(bytes > 0);
		CU_ASSERT(f.nresidual == 0 || (why.text != NULL && why.pc < n));
		lifted += f.nresidual == 0;
		branching += f.nnodes > 1;
		if (!agrees_on_frames(&f, prog, n, &r, FRAMES)) {
			print_program(prog, n);
			CU_FAIL_FATAL("the filter differs from its program");
		}
	}
	printf("%u without residual, %u with branches ", lifted, branching);
	CU_ASSERT(lifted > PROGRAMS / 3);
	CU_ASSERT(branching > PROGRAMS / 8);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("lift_random", NULL, NULL);
	CU_ADD_TEST(s, test_random_programs_are_exact);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}
