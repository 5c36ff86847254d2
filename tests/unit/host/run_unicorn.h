/*
 * run_unicorn.h - run generated code in the emulator that is not ours.
 *
 * Hooks stop at each load that touches a byte outside the frame and at each
 * store outside the ids, the stack aside, and count instructions.
 */
#ifndef TESTS_RUN_UNICORN_H
#define TESTS_RUN_UNICORN_H

#include "tests/unit/run.h"

#include "dpf/mips.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicorn/unicorn.h>

enum {
	UNI_CODE = 0x00100000,
	UNI_CODE_BYTES = 1 << 20,
	UNI_FRAME = 0x00400002,
	UNI_IDS = 0x00500000,
	UNI_RETURN = 0x00600000,
	UNI_STACK = 0x00700800, /* its end */
	UNI_STACK_BYTES = 64,
	UNI_POOL = 0x01000000,
};

static uint8_t uni_pool[RUN_POOL_BYTES] __attribute__((aligned(4096)));

static struct {
	uc_engine *uc;
	const uint32_t *root; /* NULL: code at UNI_CODE */
	const uint32_t *code;
	uint32_t words, len, insns, pc;
	const char *wrong;
} uni;

static void
uni_check(uc_err err)
{
	if (err == UC_ERR_OK)
		return;
	printf("\n    unicorn: %s\n", uc_strerror(err));
	fflush(stdout);
	abort();
}

static void
uni_stop(const char *what)
{
	uni.wrong = what;
	uc_emu_stop(uni.uc);
}

static void
uni_on_insn(uc_engine *uc, uint64_t address, uint32_t size, void *arg)
{
	(void)uc;
	(void)size;
	(void)arg;
	uni.pc = (uint32_t)address;
	uni.insns++;
}

/* lwl and lwr read a part of an aligned word: which? */
static void
uni_clip(uint32_t *address, uint32_t *size)
{
	uint32_t w, base = 0;
	bool left;

	uni_check(uc_mem_read(uni.uc, uni.pc, &w, sizeof(w)));
	left = (w & 0xfc000000) == (uint32_t)MIPS_OP_lwl;

	if (!left && (w & 0xfc000000) != (uint32_t)MIPS_OP_lwr)
		return;
	uni_check(uc_reg_read(uni.uc, UC_MIPS_REG_0 + (int)mips_rs(w), &base));
	base += (uint32_t)mips_imm(w);
	*address = left ? base & ~3u : base;
	*size = left ? (base & 3) + 1 : 4 - (base & 3);
}

static void
uni_on_memory(uc_engine *uc, uc_mem_type type, uint64_t address, int bytes,
	int64_t value, void *arg)
{
	uint32_t at = (uint32_t)address, size = (uint32_t)bytes;

	(void)uc;
	(void)value;
	(void)arg;
	if (bytes == 4 && at % 4 == 0 && UNI_STACK - at > 0 &&
		UNI_STACK - at <= UNI_STACK_BYTES)
		return;
	if (type == UC_MEM_READ) {
		if (uni.root != NULL && at - UNI_POOL < RUN_POOL_BYTES)
			return;
		uni_clip(&at, &size);
		if (at < UNI_FRAME || size > uni.len ||
			at - UNI_FRAME > uni.len - size)
			uni_stop("load outside the frame");
	} else if (at < UNI_IDS || at - UNI_IDS > 2 * (RUN_MAX_IDS - 1)) {
		uni_stop("store outside the ids");
	}
}

static void
uni_open(void)
{
	uc_hook hook[2];

	uni_check(uc_open(
		UC_ARCH_MIPS, UC_MODE_MIPS32 | UC_MODE_LITTLE_ENDIAN, &uni.uc));
	uni_check(uc_mem_map(uni.uc, UNI_CODE, UNI_CODE_BYTES, UC_PROT_ALL));
	uni_check(uc_mem_map(uni.uc, UNI_FRAME & ~0xfff, 4096, UC_PROT_ALL));
	uni_check(uc_mem_map(uni.uc, UNI_IDS, 4096, UC_PROT_ALL));
	uni_check(uc_mem_map(uni.uc, UNI_RETURN, 4096, UC_PROT_ALL));
	uni_check(uc_mem_map(uni.uc, UNI_STACK & ~0xfff, 4096, UC_PROT_ALL));
	uni_check(uc_mem_map_ptr(
		uni.uc, UNI_POOL, RUN_POOL_BYTES, UC_PROT_ALL, uni_pool));
	uni_check(uc_hook_add(uni.uc, &hook[0], UC_HOOK_CODE,
		(void *)(uintptr_t)uni_on_insn, NULL, 1, 0));
	uni_check(uc_hook_add(uni.uc, &hook[1],
		UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
		(void *)(uintptr_t)uni_on_memory, NULL, 1, 0));
}

uint32_t
run_address(void)
{
	if (uni.uc == NULL)
		uni_open();
	return UNI_CODE;
}

void
run_load(const uint32_t *code, uint32_t words)
{
	if (words > UNI_CODE_BYTES / 4)
		abort();
	uni.root = NULL;
	uni.code = code;
	uni.words = words;
	uni_check(uc_mem_write(uni.uc, UNI_CODE, code, 4 * (size_t)words));
	uni_check(uc_ctl_remove_cache(
		uni.uc, UNI_CODE, UNI_CODE + UNI_CODE_BYTES));
}

void *
run_pool(uint32_t *address, const uint32_t *root)
{
	if (uni.uc == NULL)
		uni_open();
	*address = UNI_POOL;
	uni.root = root;
	return uni_pool;
}

void
run_sync(void *code, size_t bytes)
{
	uint32_t at = UNI_POOL + (uint32_t)((uint8_t *)code - uni_pool);

	uni_check(uc_ctl_remove_cache(uni.uc, at, at + bytes));
}

static void
uni_set(int reg, uint32_t v)
{
	uni_check(uc_reg_write(uni.uc, reg, &v));
}

uint32_t
run_call(const uint8_t *frame, uint32_t len, uint32_t wirelen, uint16_t *ids)
{
	uint32_t result = 0;
	uc_err err;

	uni_check(uc_mem_write(uni.uc, UNI_FRAME, frame, len));
	uni_set(UC_MIPS_REG_A0, UNI_FRAME);
	uni_set(UC_MIPS_REG_A1, len);
	uni_set(UC_MIPS_REG_A2, wirelen);
	uni_set(UC_MIPS_REG_A3, UNI_IDS);
	uni_set(UC_MIPS_REG_RA, UNI_RETURN);
	uni_set(UC_MIPS_REG_SP, UNI_STACK);
	uni.len = len;
	uni.insns = 0;
	uni.wrong = NULL;
	err = uc_emu_start(uni.uc, uni.root != NULL ? *uni.root : UNI_CODE,
		UNI_RETURN, 0, 100000);
	if (uni.wrong != NULL) {
		printf("\n    generated code at %#x: %s\n", uni.pc, uni.wrong);
		fflush(stdout);
		abort();
	}
	uni_check(err);
	if (ids != NULL)
		uni_check(uc_mem_read(
			uni.uc, UNI_IDS, ids, 2 * (size_t)RUN_MAX_IDS));
	uni_check(uc_reg_read(uni.uc, UC_MIPS_REG_SP, &result));
	if (result != UNI_STACK)
		abort();
	uni_check(uc_reg_read(uni.uc, UC_MIPS_REG_V0, &result));
	return result;
}

uint32_t
run_insns(void)
{
	return uni.insns;
}

bool
run_counts(void)
{
	return true;
}

#endif /* TESTS_RUN_UNICORN_H */
