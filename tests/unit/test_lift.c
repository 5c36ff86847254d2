/*
 * test_lift.c - dpf_lift() is exact, and joins what is equal.
 *
 * Programs are held against an interpreter of their own (dpf_frames.h); random
 * ones are in test_lift_random.c, what libpcap compiles in host/test_pcap.c.
 */
#include "dpf_frames.h"

#include <CUnit/Basic.h>
#include <stdio.h>

enum { SCRATCH = 4 << 20 };

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
#define LDH(k)     STMT(BPF_LD | BPF_H | BPF_ABS, k)
#define LDB(k)     STMT(BPF_LD | BPF_B | BPF_ABS, k)
#define LDW(k)     STMT(BPF_LD | BPF_W | BPF_ABS, k)
#define LDXMSH(k)  STMT(BPF_LDX | BPF_MSH | BPF_B, k)
#define INDH(k)    STMT(BPF_LD | BPF_H | BPF_IND, k)
#define INDB(k)    STMT(BPF_LD | BPF_B | BPF_IND, k)
#define ALU(op, k) STMT(BPF_ALU | (op), k)
#define ALUX(op)   STMT(BPF_ALU | BPF_X | (op), 0)
#define RET(k)     STMT(BPF_RET, k)
#define TAX        STMT(BPF_MISC, 0)
#define TXA        STMT(BPF_MISC | BPF_TXA, 0)

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

/* --- programs with a known result -------------------------------------------- */

static void
lift_ok(const struct dpf_bpf *prog, size_t n, struct dpf_filter *f)
{
	struct dpf_why why = { 0, "" };
	struct rng r = { 88172645u };

	CU_ASSERT_FATAL(lift(prog, n, f, &why) > 0);
	CU_ASSERT(agrees_on_frames(f, prog, n, &r, 200));
}
#define LIFT_OK(prog, f) lift_ok(prog, ARRAY_LEN(prog), f)

/* udp dst port 7 over IPv4, as libpcap writes it */
static void
test_conjunction_is_one_node_an_atom(void)
{
	static const struct dpf_bpf prog[] = {
		LDH(12),
		JUMP(BPF_JEQ, 0x800, 0, 8),
		LDB(23),
		JUMP(BPF_JEQ, 17, 0, 6),
		LDH(20),
		JUMP(BPF_JSET, 0x1fff, 4, 0),
		LDXMSH(14),
		INDH(16),
		JUMP(BPF_JEQ, 7, 0, 1),
		RET(262144),
		RET(0),
	};
	struct dpf_filter f;

	LIFT_OK(prog, &f);
	CU_ASSERT_EQUAL(f.nnodes, 4);
	CU_ASSERT_EQUAL_FATAL(f.nbases, 1);
	CU_ASSERT_EQUAL(f.bases[0].off, 14);
	CU_ASSERT_EQUAL(f.bases[0].mask, 0xf);
	CU_ASSERT_EQUAL(f.bases[0].shift, 2);
	CU_ASSERT_EQUAL(f.nodes[2].mask, 0x1fff);
	CU_ASSERT_EQUAL(f.nodes[2].value, 0);
	CU_ASSERT_EQUAL(f.nodes[3].base, 1);
	CU_ASSERT_EQUAL(f.nodes[3].off, 16);
	CU_ASSERT_EQUAL(f.nodes[3].yes, DPF_ACCEPT);
}

struct spelling {
	size_t n;
	struct dpf_bpf prog[8];
};

/* Byte 13 == 8, in a frame of at least 14 bytes. */
static const struct spelling spellings[] = {
	{ 4, { LDB(13), JUMP(BPF_JEQ, 8, 0, 1), RET(1), RET(0) } },
	{ 5, { LDW(10), LDB(13), JUMP(BPF_JEQ, 8, 0, 1), RET(1), RET(0) } },
	{ 5, { LDW(10), ALU(BPF_AND, 0xff), JUMP(BPF_JEQ, 8, 0, 1), RET(1),
		     RET(0) } },
	{ 5, { LDW(10), ALU(BPF_LSH, 24), JUMP(BPF_JEQ, 0x08000000, 0, 1),
		     RET(1), RET(0) } },
	{ 6, { LDH(12), ALU(BPF_AND, 0xff), ALU(BPF_MUL, 4),
		     JUMP(BPF_JEQ, 32, 0, 1), RET(1), RET(0) } },
	{ 5, { LDB(13), ALU(BPF_SUB, 9), JUMP(BPF_JEQ, UINT32_MAX, 0, 1),
		     RET(1), RET(0) } },
	{ 6, { LDH(12), STMT(BPF_LDX, 256), ALUX(BPF_MOD),
		     JUMP(BPF_JEQ, 8, 0, 1), RET(1), RET(0) } },
	{ 5, { LDB(13), ALU(BPF_XOR, 0x700), JUMP(BPF_JEQ, 0x708, 0, 1), RET(1),
		     RET(0) } },
	{ 6, { LDB(13), STMT(BPF_LDX, 8),
		     { BPF_JMP | BPF_JEQ | BPF_X, 0, 2, 0 },
		     STMT(BPF_JMP | BPF_JA, 0), RET(1), RET(0) } },
};

static void
test_spellings_have_one_form(void)
{
	uint8_t first[256];
	int bytes = 0;

	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		const struct spelling *t = &spellings[i];
		struct dpf_filter f;
		struct dpf_why why;
		int got = lift(t->prog, t->n, &f, &why);

		CU_ASSERT_FATAL(got > 0 && got < 256);
		CU_ASSERT_EQUAL(f.nnodes, 1);
		if (i == 0) {
			bytes = got;
			memcpy(first, blob, (size_t)bytes);
		}
		CU_ASSERT_EQUAL_FATAL(got, bytes);
		CU_ASSERT_EQUAL(memcmp(first, blob, (size_t)bytes), 0);
	}
}

/* What an interval leaves open is a single value: no second test of it. */
static void
test_intervals_decide(void)
{
	static const struct dpf_bpf prog[] = {
		LDH(12),
		JUMP(BPF_JGT, 8, 4, 0),
		JUMP(BPF_JGE, 8, 0, 3),
		JUMP(BPF_JEQ, 8, 1, 0),
		RET(0),
		RET(1),
		RET(0),
	};
	struct dpf_filter f;

	LIFT_OK(prog, &f);
	CU_ASSERT_EQUAL(f.nnodes, 2);
}

static void
test_bounds_of_untested_loads_stay(void)
{
	static const struct dpf_bpf dropped[] = { LDW(60), RET(1) };
	static const struct dpf_bpf narrowed[] = {
		LDW(26),
		ALU(BPF_AND, 0xff000000),
		JUMP(BPF_JEQ, 0x0a000000, 0, 1),
		RET(1),
		RET(0),
	};
	static const struct dpf_bpf subsumed[] = {
		LDW(4),
		LDH(12),
		JUMP(BPF_JEQ, 0x800, 0, 1),
		RET(1),
		RET(0),
	};
	struct dpf_filter f;

	LIFT_OK(dropped, &f);
	CU_ASSERT_EQUAL(f.nnodes, 1);
	CU_ASSERT_EQUAL(f.nodes[0].mask, 0);
	CU_ASSERT_EQUAL(f.nodes[0].off, 63);
	LIFT_OK(narrowed, &f);
	CU_ASSERT_EQUAL_FATAL(f.nnodes, 2);
	CU_ASSERT_EQUAL(f.nodes[0].off, 29);
	CU_ASSERT_EQUAL(f.nodes[1].width, 1);
	LIFT_OK(subsumed, &f);
	CU_ASSERT_EQUAL(f.nnodes, 1);
}

/* tcp[((tcp[12] & 0xf0) >> 2):4]: an offset behind an offset */
static void
test_offset_behind_an_offset(void)
{
	static const struct dpf_bpf prog[] = {
		LDXMSH(14),
		INDB(26),
		ALU(BPF_AND, 0xf0),
		ALU(BPF_RSH, 2),
		LDXMSH(14),
		ALUX(BPF_ADD),
		TAX,
		STMT(BPF_LD | BPF_W | BPF_IND, 14),
		JUMP(BPF_JEQ, 0x47455420, 0, 1),
		RET(1),
		RET(0),
	};
	struct dpf_filter f;

	LIFT_OK(prog, &f);
	CU_ASSERT_EQUAL(f.nbases, 2);
	CU_ASSERT_EQUAL(f.bases[1].from, 1);
	CU_ASSERT_EQUAL(f.bases[1].off, 26);
	CU_ASSERT_EQUAL(f.bases[1].shift, -2);
	CU_ASSERT_EQUAL(f.nnodes, 1);
}

/* X - 4 wraps when the field is less than 4: then the load must fail. */
static void
test_index_that_can_wrap_is_guarded(void)
{
	static const struct dpf_bpf prog[] = {
		LDB(14),
		ALU(BPF_SUB, 4),
		TAX,
		INDB(20),
		JUMP(BPF_JEQ, 7, 0, 1),
		RET(1),
		RET(0),
	};
	uint8_t p[300] = { 0 };
	struct dpf_filter f;

	LIFT_OK(prog, &f);
	for (unsigned i = 0; i < 256; i++) {
		memset(p, 7, sizeof(p));
		p[14] = (uint8_t)i;
		CU_ASSERT(agrees(&f, prog, p, sizeof(p), sizeof(p)));
		CU_ASSERT(agrees(&f, prog, p, 200, sizeof(p)));
	}
}

/* (field + c) > k for sums that wrap, all values of the field */
static void
test_sums_wrap_exactly(void)
{
	static const uint32_t nums[] = { 0, 1, 5, 100, 250, 255, 256,
		0x7fffffff, UINT32_MAX - 255, UINT32_MAX - 5, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(nums) * ARRAY_LEN(nums); i++) {
		const struct dpf_bpf prog[] = {
			LDB(0),
			ALU(BPF_ADD, nums[i % ARRAY_LEN(nums)]),
			JUMP(i % 2 ? BPF_JGT : BPF_JGE,
				nums[i / ARRAY_LEN(nums)], 0, 1),
			RET(1),
			RET(0),
		};
		struct dpf_why why;
		struct dpf_filter f;

		CU_ASSERT_FATAL(lift(prog, ARRAY_LEN(prog), &f, &why) > 0);
		for (unsigned v = 0; v < 256; v++) {
			uint8_t p = (uint8_t)v;

			CU_ASSERT(agrees(&f, prog, &p, 1, 1));
		}
	}
}

/* --- size --------------------------------------------------------------------- */

/* As libpcap writes (host 0 or .. 99) and (port 0 or .. 99), IPv4 only. */
static size_t
hosts_and_ports(struct dpf_bpf *p)
{
	size_t n = 0, ports = 100 * 6 + 1, end = ports + 100 * 7 + 1;

	for (uint32_t i = 0; i < 100; i++) {
		const struct dpf_bpf host[] = {
			LDH(12),
			JUMP(BPF_JEQ, 0x800, 0, 4),
			LDW(26),
			JUMP(BPF_JEQ, 0x0a000000 + i, 1, 0),
			LDW(30),
			JUMP(BPF_JEQ, 0x0a000000 + i, 0, 1),
			/* a step longer than 255 takes a jump */
			STMT(BPF_JMP | BPF_JA, (uint32_t)(ports - 1)),
		};

		memcpy(p + n, host, sizeof(host));
		p[n + 3].jt = 2;
		p[n + 1].jf = 5;
		p[n + 6].k = (uint32_t)(100 * 7 + 1 - (n + 7));
		n += 7;
	}
	ports = n + 1;
	p[n++] = (struct dpf_bpf)RET(0);
	for (uint32_t i = 0; i < 100; i++) {
		const struct dpf_bpf port[] = {
			LDXMSH(14),
			INDH(14),
			JUMP(BPF_JEQ, 1000 + i, 3, 0),
			LDXMSH(14),
			INDH(16),
			JUMP(BPF_JEQ, 1000 + i, 0, 1),
			STMT(BPF_JMP | BPF_JA, 0),
		};

		end = ports + 100 * 7 + 1;
		memcpy(p + n, port, sizeof(port));
		p[n + 6].k = (uint32_t)(end - (n + 7));
		n += 7;
	}
	p[n++] = (struct dpf_bpf)RET(0);
	p[n++] = (struct dpf_bpf)RET(1);
	return n;
}

static void
test_equal_states_are_joined(void)
{
	static struct dpf_bpf prog[1500];
	size_t n = hosts_and_ports(prog);
	struct dpf_filter f;

	lift_ok(prog, n, &f);
	CU_ASSERT_EQUAL(f.nnodes, 1 + 200 + 200);
}

static void
test_memory_too_small_is_said(void)
{
	static struct dpf_bpf prog[1500];
	size_t n = hosts_and_ports(prog), enough = 0;
	int whole = dpf_lift(prog, n, scratch, sizeof(scratch), blob,
		sizeof(blob), &(struct dpf_why){ 0, NULL });

	CU_ASSERT_FATAL(whole > 0);
	for (size_t bytes = 0; bytes < 1 << 20; bytes += 4093) {
		struct dpf_why why = { 0, NULL };
		void *mem = malloc(bytes + 1);
		int got;

		CU_ASSERT_FATAL(mem != NULL);
		got = dpf_lift(prog, n, mem, bytes, blob, sizeof(blob), &why);
		/* Without room for the graph, all of it is residual. */
		CU_ASSERT(got == whole ||
			  (got == (int)(12 + 8 * n) && why.text != NULL));
		enough += got == whole;
		free(mem);
	}
	CU_ASSERT(enough > 0);
	for (size_t room = 0; room < (size_t)whole; room += 37) {
		struct dpf_why why;
		void *out = malloc(room + 1);

		CU_ASSERT_FATAL(out != NULL);
		CU_ASSERT_EQUAL(dpf_lift(prog, n, scratch, sizeof(scratch), out,
					room, &why),
			SP_ENOMEM);
		free(out);
	}
}

/* --- residuals ------------------------------------------------------------------- */

/* What no graph can say: why, where, and how many nodes the graph has then. */
struct partial {
	size_t pc;
	const char *says;
	unsigned nodes;
	size_t n;
	struct dpf_bpf prog[10];
};

#define JEQX(jt, jf)                                                           \
	{                                                                      \
		BPF_JMP | BPF_JEQ | BPF_X, (jt), (jf), 0                       \
	}

static const struct partial partials[] = {
	{ 3, "two fields", 1, 6,
		{ LDW(26), TAX, LDW(30), ALUX(BPF_SUB),
			STMT(BPF_RET | BPF_A, 0), RET(0) } },
	{ 3, "two fields", 1, 6,
		{ LDW(26), TAX, LDW(30), JEQX(0, 1), RET(1), RET(0) } },
	/* what comes before or behind it is tested where it must hold */
	{ 5, "two fields", 2, 8,
		{ LDH(12), JUMP(BPF_JEQ, 0x800, 0, 5), LDW(26), TAX, LDW(30),
			JEQX(0, 1), RET(1), RET(0) } },
	{ 3, "two fields", 2, 8,
		{ LDW(26), TAX, LDW(30), JEQX(0, 3), LDH(12),
			JUMP(BPF_JEQ, 0x800, 0, 1), RET(1), RET(0) } },
	{ 3, "two fields", 1, 8,
		{ LDW(26), TAX, LDW(30), JEQX(2, 0), LDH(12),
			JUMP(BPF_JEQ, 0x800, 0, 1), RET(1), RET(0) } },
	{ 3, "adds two fields", 1, 5,
		{ LDB(14), TAX, LDB(15), ALUX(BPF_ADD),
			STMT(BPF_RET | BPF_A, 0) } },
	{ 1, "power of 2", 1, 3,
		{ LDB(14), ALU(BPF_DIV, 3), STMT(BPF_RET | BPF_A, 0) } },
	{ 1, "power of 2", 1, 3,
		{ LDB(14), ALU(BPF_MUL, 5), STMT(BPF_RET | BPF_A, 0) } },
	{ 1, "power of 2", 1, 3,
		{ LDB(14), ALU(BPF_MOD, 10), STMT(BPF_RET | BPF_A, 0) } },
	{ 1, "negates", 1, 3,
		{ LDB(14), ALU(BPF_NEG, 0), STMT(BPF_RET | BPF_A, 0) } },
	{ 1, "inverts", 1, 3,
		{ LDB(14), ALU(BPF_XOR, 1), STMT(BPF_RET | BPF_A, 0) } },
	{ 2, "sum", 1, 4,
		{ LDB(14), ALU(BPF_ADD, 1), ALU(BPF_AND, 6),
			STMT(BPF_RET | BPF_A, 0) } },
	{ 2, "from a constant", 1, 4,
		{ LDXMSH(14), STMT(BPF_LD, 60), ALUX(BPF_SUB),
			STMT(BPF_RET | BPF_A, 0) } },
	{ 2, "two fields", 1, 4,
		{ LDXMSH(14), STMT(BPF_LD, 1), ALUX(BPF_LSH),
			STMT(BPF_RET | BPF_A, 0) } },
	/* a divisor must not be 0 */
	{ 2, "two fields", 2, 5,
		{ LDXMSH(14), LDB(20), ALUX(BPF_DIV), STMT(BPF_RET | BPF_A, 0),
			RET(0) } },
	{ 4, "adds two fields", 1, 7,
		{ LDB(14), TAX, LDB(15), STMT(BPF_JMP | BPF_JA, 0),
			ALUX(BPF_ADD), TAX, INDB(4) } },
	{ 0, "longest frame", 1, 2, { LDW(2043), RET(1) } },
	{ 1, "length", 1, 3, { STMT(BPF_LDX | BPF_LEN, 0), INDB(0), RET(1) } },
	{ 3, "inner field", 1, 5,
		{ LDXMSH(14), INDB(0), TAX, INDB(0), RET(1) } },
};

static void
test_what_no_graph_can_say_is_residual(void)
{
	for (size_t i = 0; i < ARRAY_LEN(partials); i++) {
		struct partial t = partials[i];
		struct dpf_why why = { SIZE_MAX, "" };
		struct rng r = { 88172645u };
		struct dpf_filter f;

		if (i == 15) /* the last load has an end, too */
			t.prog[t.n++] = (struct dpf_bpf)RET(1);
		CU_ASSERT_FATAL(lift(t.prog, t.n, &f, &why) > 0);
		CU_ASSERT_FATAL(why.text != NULL);
		if (f.nresidual != t.n || f.nnodes != t.nodes ||
			why.pc != t.pc || strstr(why.text, t.says) == NULL)
			printf("\n    partial %u: %u nodes, at %u: %s",
				(unsigned)i, f.nnodes, (unsigned)why.pc,
				why.text);
		CU_ASSERT_EQUAL(f.nresidual, t.n);
		CU_ASSERT_EQUAL(f.nnodes, t.nodes);
		CU_ASSERT_EQUAL(why.pc, t.pc);
		CU_ASSERT(strstr(why.text, t.says) != NULL);
		CU_ASSERT(agrees_on_frames(&f, t.prog, t.n, &r, 500));
	}
}

/* Values that are not known but decide nothing need no residual. */
static void
test_what_decides_nothing_needs_no_residual(void)
{
	static const struct dpf_bpf prog[] = {
		LDB(14),
		ALU(BPF_MUL, 5),
		STMT(BPF_ST, 3),
		STMT(BPF_LD | BPF_MEM, 7),
		JUMP(BPF_JEQ, 0, 0, 3),
		STMT(BPF_LD | BPF_MEM, 3),
		JUMP(BPF_JEQ, 1, 0, 0),
		RET(1),
		RET(0),
	};
	struct dpf_filter f;

	LIFT_OK(prog, &f);
	CU_ASSERT_EQUAL(f.nresidual, 0);
	CU_ASSERT_EQUAL(f.nnodes, 1);
}

static void
test_programs_too_long_for_a_residual_are_refused(void)
{
	static struct dpf_bpf prog[DPF_MAX_RESIDUAL + 1];
	struct dpf_filter f;
	struct dpf_why why;

	for (size_t i = 0; i < ARRAY_LEN(prog); i++)
		prog[i] = (struct dpf_bpf)ALU(BPF_MUL, 3);
	prog[0] = (struct dpf_bpf)LDB(0);
	prog[ARRAY_LEN(prog) - 1] = (struct dpf_bpf)STMT(BPF_RET | BPF_A, 0);
	CU_ASSERT_EQUAL(lift(prog, ARRAY_LEN(prog), &f, &why), SP_ENOMEM);
	CU_ASSERT(strstr(why.text, "4096") != NULL);
	prog[ARRAY_LEN(prog) - 2] = prog[ARRAY_LEN(prog) - 1];
	CU_ASSERT_FATAL(lift(prog, ARRAY_LEN(prog) - 1, &f, &why) > 0);
	CU_ASSERT_EQUAL(f.nresidual, DPF_MAX_RESIDUAL);
}

/* --- refusals -------------------------------------------------------------------- */

struct refusal {
	int err;
	size_t pc;
	const char *says;
	size_t n;
	struct dpf_bpf prog[10];
};

static const struct refusal refusals[] = {
	{ SP_EFORMAT, 0, "kernel", 2, { LDW(0xfffff004), RET(1) } },
	{ SP_EFORMAT, 1, "backward", 3,
		{ LDB(14), STMT(BPF_JMP | BPF_JA, UINT32_MAX - 1), RET(1) } },
	{ SP_EFORMAT, 0, "no instructions", 0, { RET(0) } },
	{ SP_EFORMAT, 0, "not a valid", 2, { STMT(0xff, 0), RET(1) } },
	{ SP_EFORMAT, 0, "not a valid", 2,
		{ STMT(BPF_LD | BPF_W | BPF_MSH, 0), RET(1) } },
	{ SP_EFORMAT, 0, "not a valid", 2, { STMT(0x1006, 0), RET(1) } },
	{ SP_EFORMAT, 1, "constant 0", 3, { LDB(0), ALU(BPF_DIV, 0), RET(1) } },
	{ SP_EFORMAT, 1, "constant 0", 3, { LDB(0), ALU(BPF_MOD, 0), RET(1) } },
	{ SP_EFORMAT, 1, "32 bits", 3, { LDB(0), ALU(BPF_LSH, 32), RET(1) } },
	{ SP_EFORMAT, 0, "M[15]", 2, { STMT(BPF_ST, 16), RET(1) } },
	{ SP_EFORMAT, 0, "M[15]", 2, { STMT(BPF_LDX | BPF_MEM, 16), RET(1) } },
	{ SP_EFORMAT, 0, "off its end", 1, { LDB(0) } },
	{ SP_EFORMAT, 0, "out of the", 2, { JUMP(BPF_JEQ, 0, 0, 1), RET(1) } },
	{ SP_EFORMAT, 0, "out of the", 2,
		{ STMT(BPF_JMP | BPF_JA, 1), RET(1) } },
	{ SP_EFORMAT, 0, "out of the", 2,
		{ STMT(BPF_JMP | BPF_JA, 0x80000000), RET(1) } },
};

static void
test_refusals_say_what_and_where(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusal *t = &refusals[i];
		struct dpf_why why = { SIZE_MAX, "" };
		int got = dpf_lift(t->prog, t->n, scratch, sizeof(scratch),
			blob, sizeof(blob), &why);

		if (got != t->err || why.pc != t->pc ||
			strstr(why.text, t->says) == NULL)
			printf("\n    refusal %u: %d at %u: %s", (unsigned)i,
				got, (unsigned)why.pc, why.text);
		CU_ASSERT_EQUAL(got, t->err);
		CU_ASSERT_EQUAL(why.pc, t->pc);
		CU_ASSERT(strstr(why.text, t->says) != NULL);
	}
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("lift", NULL, NULL);
	CU_ADD_TEST(s, test_conjunction_is_one_node_an_atom);
	CU_ADD_TEST(s, test_spellings_have_one_form);
	CU_ADD_TEST(s, test_intervals_decide);
	CU_ADD_TEST(s, test_bounds_of_untested_loads_stay);
	CU_ADD_TEST(s, test_offset_behind_an_offset);
	CU_ADD_TEST(s, test_index_that_can_wrap_is_guarded);
	CU_ADD_TEST(s, test_sums_wrap_exactly);
	CU_ADD_TEST(s, test_equal_states_are_joined);
	CU_ADD_TEST(s, test_memory_too_small_is_said);
	CU_ADD_TEST(s, test_what_no_graph_can_say_is_residual);
	CU_ADD_TEST(s, test_what_decides_nothing_needs_no_residual);
	CU_ADD_TEST(s, test_programs_too_long_for_a_residual_are_refused);
	CU_ADD_TEST(s, test_refusals_say_what_and_where);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}
