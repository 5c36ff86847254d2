/*
 * test_pipe.c - loops of fused pipes are what the pipes are one after another.
 *
 * The code runs under unicorn: loads lie in the message, the tables and its own
 * stack, stores in the destination and the states; instructions are counted.
 * LIBS: -lunicorn
 */
#include "ash/ash.h"
#include "dpf/mips.h"

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum {
	CODE = 0x00100000,
	TABLES = 0x00200000,
	STATES = 0x00300ff0, /* up to the end of a page but for 32 bytes */
	SOURCE = 0x00400100,
	DEST = 0x00500100,
	STACK = 0x00600800,
	BACK = 0x00700000,
	MOST = 1600, /* bytes of a message */
	ROUNDS = 3000,
};

static struct {
	uc_engine *uc;
	uint32_t insns, pc, len, src, dst;
	const char *wrong;
	uint32_t tables[ASH_PIPE_TABLES];
} emu;

static uint32_t seed = 1;

static uint32_t
xorshift(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static void
must(uc_err err)
{
	if (err == UC_ERR_OK)
		return;
	printf("\n    unicorn: %s at %x\n", uc_strerror(err), emu.pc);
	fflush(stdout);
	abort();
}

static bool
within(uint32_t at, uint32_t size, uint32_t from, uint32_t bytes)
{
	return at >= from && size <= bytes && at - from <= bytes - size;
}

static void
on_insn(uc_engine *uc, uint64_t address, uint32_t size, void *arg)
{
	(void)uc;
	(void)size;
	(void)arg;
	emu.pc = (uint32_t)address;
	emu.insns++;
}

/* Those of lwl, lwr, swl and swr touch a part of the word. */
static void
clip(uint32_t *at, uint32_t *size)
{
	uint32_t w, base = 0;

	must(uc_mem_read(emu.uc, emu.pc, &w, 4));
	must(uc_reg_read(emu.uc, UC_MIPS_REG_0 + (int)mips_rs(w), &base));
	base += (uint32_t)mips_imm(w);
	switch (w & 0xfc000000) {
	case (uint32_t)MIPS_OP_lwl:
	case (uint32_t)MIPS_OP_swl:
		*at = base & ~3u;
		*size = (base & 3) + 1;
		break;
	case (uint32_t)MIPS_OP_lwr:
	case (uint32_t)MIPS_OP_swr:
		*at = base;
		*size = 4 - (base & 3);
		break;
	default:
		break;
	}
}

static void
on_memory(uc_engine *uc, uc_mem_type type, uint64_t address, int bytes,
	int64_t value, void *arg)
{
	uint32_t at = (uint32_t)address, size = (uint32_t)bytes;
	bool load = type == UC_MEM_READ;

	(void)uc;
	(void)value;
	(void)arg;
	clip(&at, &size);
	if (within(at, size, STACK - 64, 64) ||
		within(at, size, STATES, 4 * ASH_PIPES) ||
		(load && (within(at, size, emu.src, emu.len) ||
				 within(at, size, TABLES, 4096))) ||
		(!load && within(at, size, emu.dst, emu.len)))
		return;
	emu.wrong = load ? "load" : "store";
	printf("\n    %s of %u at %x, pc %x\n", emu.wrong, size, at, emu.pc);
}

static int
set_up(void)
{
	static const uint32_t place[] = { CODE, TABLES, STATES, SOURCE, DEST,
		STACK, BACK };
	uc_hook hook[2];

	must(uc_open(
		UC_ARCH_MIPS, UC_MODE_MIPS32 | UC_MODE_LITTLE_ENDIAN, &emu.uc));
	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++)
		must(uc_mem_map(emu.uc, place[i] & ~0xfffu, 8192, UC_PROT_ALL));
	must(uc_hook_add(emu.uc, &hook[0], UC_HOOK_CODE,
		(void *)(uintptr_t)on_insn, NULL, 1, 0));
	must(uc_hook_add(emu.uc, &hook[1], UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
		(void *)(uintptr_t)on_memory, NULL, 1, 0));
	ash_pipes_tables(emu.tables);
	must(uc_mem_write(emu.uc, TABLES, emu.tables, sizeof(emu.tables)));
	return 0;
}

/* --- what pipes are ------------------------------------------------------------ */

/* The author's pipe: w + s, s ^ rotr(w, 7). */
static const uint32_t user[] = {
	MIPS_OP_addu | MIPS_A0 << 21 | MIPS_A1 << 16 | MIPS_V0 << 11,
	MIPS_OP_rotr | MIPS_A0 << 16 | MIPS_T7 << 11 | 7 << 6,
	MIPS_OP_xor | MIPS_A1 << 21 | MIPS_T7 << 16 | MIPS_V1 << 11,
};
enum { USER_WORDS = sizeof(user) / sizeof(user[0]) };

static uint32_t
crc_byte(uint32_t crc, uint8_t b)
{
	crc ^= b;
	for (uint32_t i = 0; i < 8; i++)
		crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
	return crc;
}

/* What the loop is to be: one word, N bytes of it, through one pipe. */
static uint32_t
model(uint32_t kind, uint32_t w, uint32_t n, uint32_t *s)
{
	uint64_t sum = (uint64_t)*s + w;

	switch (kind) {
	case ASH_PIPE_CKSUM:
		*s = (uint32_t)(sum + (sum >> 32));
		return w;
	case ASH_PIPE_SWAP16:
		return (w & 0x00ff00ff) << 8 | (w >> 8 & 0x00ff00ff);
	case ASH_PIPE_SWAP32:
		return __builtin_bswap32(w);
	case ASH_PIPE_XOR:
		return w ^ *s;
	case ASH_PIPE_CRC32C:
		for (uint32_t i = 0; i < n; i++)
			*s = crc_byte(*s, (uint8_t)(w >> 8 * i));
		return w;
	case ASH_PIPE_USER: {
		uint32_t was = *s;

		*s = was ^ (w >> 7 | w << 25);
		return w + was;
	}
	default:
		return w;
	}
}

struct list {
	uint32_t word[ASH_PIPES_LIST + 8];
	size_t words;
	uint32_t kind[ASH_PIPES], n;
};

static void
append(struct list *l, uint32_t kind)
{
	uint32_t n = kind == ASH_PIPE_USER ? USER_WORDS : 0;

	l->kind[l->n++] = kind;
	l->word[l->words++] = kind | n << 16;
	memcpy(l->word + l->words, user, n * sizeof(user[0]));
	l->words += n;
}

/* Sums are the same modulo 65535, if they are not nothing. */
static uint32_t
folded(uint32_t s)
{
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static uint8_t message[MOST], want[MOST], got[MOST];

/* The list pipe by pipe: MESSAGE to WANT; false: nothing is stored. */
static bool
expect(const struct list *l, uint32_t len, uint32_t *states)
{
	bool copies = false;

	for (uint32_t at = 0; at < len; at += 4) {
		uint32_t n = len - at < 4 ? len - at : 4, w = 0;

		memcpy(&w, message + at, n);
		for (uint32_t i = 0; i < l->n; i++) {
			w = model(l->kind[i], w, n, &states[i]);
			if (l->kind[i] != ASH_PIPE_COPY)
				continue;
			memcpy(want + at, &w, n);
			copies = true;
		}
	}
	return copies;
}

/* Runs it; returns the instructions it took. */
static uint32_t
run(const uint32_t *code, int words, uint32_t len, uint32_t *states)
{
	uint32_t a3 = STATES, sp = STACK, ra = BACK, junk = 0xdeadbeef;

	must(uc_mem_write(emu.uc, CODE, code, 4 * (size_t)words));
	must(uc_ctl_remove_cache(emu.uc, CODE, CODE + 4 * (uint64_t)words));
	must(uc_mem_write(emu.uc, emu.src, message, len));
	must(uc_mem_write(emu.uc, STATES, states, 4 * ASH_PIPES));
	for (int r = UC_MIPS_REG_1; r <= UC_MIPS_REG_31; r++)
		must(uc_reg_write(emu.uc, r, &junk));
	must(uc_reg_write(emu.uc, UC_MIPS_REG_A0, &emu.dst));
	must(uc_reg_write(emu.uc, UC_MIPS_REG_A1, &emu.src));
	must(uc_reg_write(emu.uc, UC_MIPS_REG_A2, &len));
	must(uc_reg_write(emu.uc, UC_MIPS_REG_A3, &a3));
	must(uc_reg_write(emu.uc, UC_MIPS_REG_SP, &sp));
	must(uc_reg_write(emu.uc, UC_MIPS_REG_RA, &ra));
	emu.len = len;
	emu.insns = 0;
	must(uc_emu_start(emu.uc, CODE, BACK, 0, 100000));
	must(uc_mem_read(emu.uc, emu.dst, got, len));
	must(uc_mem_read(emu.uc, STATES, states, 4 * ASH_PIPES));
	for (int r = UC_MIPS_REG_16; r <= UC_MIPS_REG_23; r++) {
		must(uc_reg_read(emu.uc, r, &a3));
		CU_ASSERT_EQUAL(a3, junk);
	}
	must(uc_reg_read(emu.uc, UC_MIPS_REG_SP, &a3));
	CU_ASSERT_EQUAL(a3, STACK);
	return emu.insns;
}

static int
compile(const struct list *l, uint32_t *code, struct ash_pipes_report *r)
{
	return ash_pipes_compile(
		l->word, l->words, TABLES, code, ASH_PIPES_CODE, r);
}

/* One list on one message; returns the instructions. */
static uint32_t
compare(const struct list *l, uint32_t len)
{
	static uint32_t code[ASH_PIPES_CODE];
	uint32_t states[ASH_PIPES], wanted[ASH_PIPES], insns;
	struct ash_pipes_report r;
	int words = compile(l, code, &r);

	CU_ASSERT_TRUE_FATAL(words > 0);
	len -= len % r.gauge;
	for (uint32_t i = 0; i < MOST; i++)
		message[i] = (uint8_t)xorshift();
	for (uint32_t i = 0; i < ASH_PIPES; i++)
		wanted[i] = states[i] = xorshift();
	insns = run(code, words, len, states);
	if (expect(l, len, wanted))
		CU_ASSERT_EQUAL(memcmp(got, want, len), 0);
	for (uint32_t i = 0; i < ASH_PIPES; i++)
		if (i < l->n && l->kind[i] == ASH_PIPE_CKSUM)
			CU_ASSERT_EQUAL(folded(states[i]), folded(wanted[i]))
		else
			CU_ASSERT_EQUAL(states[i], wanted[i]);
	CU_ASSERT_TRUE(insns <= ash_pipes_cost(&r, len));
	CU_ASSERT_PTR_NULL(emu.wrong);
	return insns;
}

/* --- cases ---------------------------------------------------------------------- */

static void
test_every_list_is_its_pipes_one_after_another(void)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct list l = { .n = 0 };
		uint32_t pipes = 1 + xorshift() % ASH_PIPES, states = 0;
		bool copies = false;

		while (l.n < pipes) {
			uint32_t kind = 1 + xorshift() % ASH_PIPE_USER;
			bool has =
				kind == ASH_PIPE_CKSUM || kind >= ASH_PIPE_XOR;

			if ((kind == ASH_PIPE_COPY && copies) ||
				(has && states == ASH_PIPE_STATES)) {
				kind = ASH_PIPE_SWAP16;
				has = false;
			}
			copies |= kind == ASH_PIPE_COPY;
			states += has;
			append(&l, kind);
		}
		emu.src = SOURCE + xorshift() % 4;
		emu.dst =
			DEST + (round % 2 == 0 ? emu.src % 4 : xorshift() % 4);
		(void)compare(&l,
			round % 9 == 0 ? xorshift() % MOST : xorshift() % 100);
	}
}

static void
test_every_length_of_every_pipe(void)
{
	for (uint32_t kind = 1; kind <= ASH_PIPE_USER; kind++) {
		struct list l = { .n = 0 };

		append(&l, kind);
		if (kind != ASH_PIPE_COPY)
			append(&l, ASH_PIPE_COPY);
		for (uint32_t len = 0; len < 200; len++) {
			emu.src = SOURCE + len % 3;
			emu.dst = DEST + len % 5 % 4;
			(void)compare(&l, len);
		}
	}
}

static void
test_copy_and_checksum_cost_little_more_than_one(void)
{
	static struct list copy, sum, both;
	uint32_t two, one;

	append(&copy, ASH_PIPE_COPY);
	append(&sum, ASH_PIPE_CKSUM);
	append(&both, ASH_PIPE_CKSUM);
	append(&both, ASH_PIPE_COPY);
	emu.src = SOURCE;
	emu.dst = DEST;
	two = compare(&copy, 1460) + compare(&sum, 1460);
	one = compare(&both, 1460);
	CU_ASSERT_TRUE(one <= 1500);
	CU_ASSERT_TRUE(one * 10 <= two * 8);
	printf("\n    1460 bytes: copy, then sum %u; fused %u\n    ", two, one);
}

static void
test_crc_of_nine_digits_is_the_standard_s(void)
{
	static uint32_t code[ASH_PIPES_CODE];
	uint32_t states[ASH_PIPES] = { 0xffffffff };
	struct ash_pipes_report r;
	struct list l = { .n = 0 };

	append(&l, ASH_PIPE_CRC32C);
	emu.src = SOURCE;
	emu.dst = DEST;
	memcpy(message, "123456789", 9);
	(void)run(code, compile(&l, code, &r), 9, states);
	CU_ASSERT_EQUAL(~states[0], 0xe3069283);
}

static int
judge(const uint32_t *list, size_t words, struct ash_pipes_report *r)
{
	static uint32_t code[ASH_PIPES_CODE];

	return ash_pipes_compile(list, words, TABLES, code, ASH_PIPES_CODE, r);
}

static void
test_lists_that_are_none_are_refused(void)
{
	static const struct {
		uint32_t list[12];
		size_t words;
		uint32_t pipe;
	} cases[] = {
		{ { 0 }, 0, 0 },
		{ { 0 }, 1, 0 },
		{ { 8 }, 1, 0 },
		{ { ASH_PIPE_COPY, ASH_PIPE_COPY }, 2, 1 },
		{ { ASH_PIPE_COPY | 1 << 16, 0 }, 2, 0 },
		{ { ASH_PIPE_USER }, 1, 0 },
		{ { ASH_PIPE_USER | 2 << 16, 0 }, 2, 0 },
		{ { ASH_PIPE_USER | 33 << 16 }, 1, 0 },
		{ { ASH_PIPE_USER | 0xffffu << 16 }, 12, 0 },
		{ { 2, 2, 2, 2, 2 }, 5, 4 },
		{ { 3, 3, 3, 3, 3, 3, 3, 3, 3 }, 9, 8 },
	};
	struct ash_pipes_report r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL(
			judge(cases[i].list, cases[i].words, &r), SP_EUNSAFE);
		CU_ASSERT_EQUAL(r.pipe, cases[i].pipe);
		CU_ASSERT_TRUE(r.why[0] != '\0');
	}
}

/* Which single words an author's pipe may hold: those of a list of its own. */
static bool
may(uint32_t w)
{
	static const uint32_t three[] = { MIPS_OP_sllv, MIPS_OP_srlv,
		MIPS_OP_rotrv, MIPS_OP_srav, MIPS_OP_movz, MIPS_OP_movn,
		MIPS_OP_addu, MIPS_OP_subu, MIPS_OP_and, MIPS_OP_or,
		MIPS_OP_xor, MIPS_OP_nor, MIPS_OP_slt, MIPS_OP_sltu,
		MIPS_OP_clz, MIPS_OP_clo };
	static const uint32_t shifts[] = { MIPS_OP_sll, MIPS_OP_srl,
		MIPS_OP_rotr, MIPS_OP_sra, MIPS_OP_wsbh, MIPS_OP_seb,
		MIPS_OP_seh };
	static const uint32_t immediate[] = { MIPS_OP_addiu, MIPS_OP_slti,
		MIPS_OP_sltiu, MIPS_OP_andi, MIPS_OP_ori, MIPS_OP_xori };
	uint32_t rs = mips_rs(w), rt = mips_rt(w), rd = mips_rd(w);
	bool r3 = rd - 1 < 15 && rs < 16 && rt < 16;

	if (w == MIPS_NOP)
		return true;
	for (size_t i = 0; i < sizeof(three) / 4; i++)
		if ((w & 0xfc0007ff) == three[i])
			return r3;
	for (size_t i = 0; i < sizeof(shifts) / 4; i++)
		if ((w & (i < 4 ? 0xffe0003f : 0xffe007ff)) == shifts[i])
			return r3;
	for (size_t i = 0; i < sizeof(immediate) / 4; i++)
		if ((w & 0xfc000000) == immediate[i])
			return rt - 1 < 15 && rs < 16;
	if ((w & 0xffe00000) == (uint32_t)MIPS_OP_lui)
		return rt - 1 < 15;
	if ((w & 0xfc00003f) == (uint32_t)MIPS_OP_ext)
		return rt - 1 < 15 && rs < 16 && mips_sa(w) + rd < 32;
	if ((w & 0xfc00003f) == (uint32_t)MIPS_OP_ins)
		return rt - 1 < 15 && rs < 16 && mips_sa(w) <= rd;
	return false;
}

static void
test_only_register_operations_are_pipes(void)
{
	uint32_t allowed = 0;
	struct ash_pipes_report r;

	for (uint32_t i = 0; i < 2000000; i++) {
		uint32_t w = xorshift();

		if (i % 2 == 0)
			w &= 0x03ffffff; /* SPECIAL */
		if (i % 8 == 1)
			w = (w & 0x03ffffff) | 0x7c000000;
		if (i % 8 == 3)
			w &= 0xfdef7fff; /* free registers */

		uint32_t list[] = { ASH_PIPE_USER | 1 << 16, w };
		bool ok = judge(list, 2, &r) > 0;

		if (ok != may(w))
			printf("\n    %08x is %s\n", w, ok ? "taken" : "not");
		CU_ASSERT_EQUAL(ok, may(w));
		allowed += ok;
	}
	CU_ASSERT_TRUE(allowed > 1000);
}

static void
test_too_little_room_is_refused(void)
{
	static uint32_t code[ASH_PIPES_CODE + 1];
	static const uint32_t list[] = { ASH_PIPE_CKSUM, ASH_PIPE_COPY };
	struct ash_pipes_report r;
	int words = ash_pipes_compile(list, 2, TABLES, code, 1024, &r);

	CU_ASSERT_TRUE_FATAL(words > 0);
	for (int room = 0; room < words; room++) {
		code[room] = 0x12345678;
		CU_ASSERT_EQUAL(ash_pipes_compile(list, 2, TABLES, code,
					(size_t)room, &r),
			SP_ENOMEM);
		CU_ASSERT_EQUAL(code[room], 0x12345678);
	}
}

static void
test_the_longest_list_has_room(void)
{
	uint32_t list[ASH_PIPES_LIST] = { 0 };
	struct ash_pipes_report r;

	for (uint32_t i = 0; i < 4; i++)
		list[i * 33] = ASH_PIPE_USER | 32 << 16;
	for (uint32_t i = 0; i < 3; i++)
		list[4 * 33 + i] = ASH_PIPE_SWAP32;
	list[4 * 33 + 3] = ASH_PIPE_COPY;
	CU_ASSERT_TRUE(judge(list, ASH_PIPES_LIST, &r) > 0);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("pipe", set_up, NULL);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_every_list_is_its_pipes_one_after_another);
	ADD(test_every_length_of_every_pipe);
	ADD(test_copy_and_checksum_cost_little_more_than_one);
	ADD(test_crc_of_nine_digits_is_the_standard_s);
	ADD(test_lists_that_are_none_are_refused);
	ADD(test_only_register_operations_are_pipes);
	ADD(test_too_little_room_is_refused);
	ADD(test_the_longest_list_has_room);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
