/*
 * target.h - functions compiled for MIPS, run in unicorn and counted.
 *
 * The target is an executable whose entry is a table of functions.  Its code may
 * write code and call it.
 */
#ifndef TESTS_BENCH_TARGET_H
#define TESTS_BENCH_TARGET_H

#include <elf.h>
#include <spindle/bytes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum {
	IMAGE = 0x00400000,
	IMAGE_BYTES = 32 << 20,
	DATA = 0x03000000,
	DATA_BYTES = 32 << 20,
	FRAME = 0x06000002, /* as in receive buffers: 2 modulo 4 */
	STACK = 0x07000000, /* its end */
	STACK_BYTES = 1 << 16,
	RETURN = 0x08000000,
	TARGET_FUNCTIONS = 16,
};

static struct {
	uc_engine *uc;
	uint32_t table[TARGET_FUNCTIONS];
	uint32_t data;  /* bytes used */
	uint64_t insns; /* of the last call */
} target;

static _Noreturn inline void
die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

static inline void
must(uc_err err)
{
	if (err != UC_ERR_OK)
		die("unicorn", uc_strerror(err));
}

static inline void
on_block(uc_engine *uc, uint64_t address, uint32_t size, void *arg)
{
	(void)uc;
	(void)address;
	(void)arg;
	target.insns += size / 4;
}

static inline void
target_load(const char *path)
{
	FILE *f = fopen(path, "re");
	static uint8_t image[1 << 20];
	size_t n = f != NULL ? fread(image, 1, sizeof(image), f) : 0;
	Elf32_Ehdr eh;

	if (n < sizeof(eh) || n == sizeof(image))
		die(path, "cannot be read, or is no target");
	fclose(f);
	memcpy(&eh, image, sizeof(eh));
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		Elf32_Phdr ph;

		memcpy(&ph, image + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_LOAD)
			must(uc_mem_write(target.uc, ph.p_vaddr,
				image + ph.p_offset, ph.p_filesz));
	}
	must(uc_mem_read(
		target.uc, eh.e_entry, target.table, sizeof(target.table)));
}

static inline void
target_open(const char *path)
{
	uc_hook hook;

	must(uc_open(UC_ARCH_MIPS, UC_MODE_MIPS32 | UC_MODE_LITTLE_ENDIAN,
		&target.uc));
	must(uc_mem_map(target.uc, IMAGE, IMAGE_BYTES, UC_PROT_ALL));
	must(uc_mem_map(target.uc, DATA, DATA_BYTES, UC_PROT_ALL));
	must(uc_mem_map(target.uc, FRAME & ~0xfff, 4096, UC_PROT_ALL));
	must(uc_mem_map(
		target.uc, STACK - STACK_BYTES, STACK_BYTES, UC_PROT_ALL));
	must(uc_mem_map(target.uc, RETURN, 4096, UC_PROT_ALL));
	must(uc_hook_add(target.uc, &hook, UC_HOOK_BLOCK,
		(void *)(uintptr_t)on_block, NULL, 1, 0));
	target_load(path);
}

static inline uint32_t
call_at(uint32_t address, uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t set[][2] = { { UC_MIPS_REG_A0, a }, { UC_MIPS_REG_A1, b },
		{ UC_MIPS_REG_A2, c }, { UC_MIPS_REG_SP, STACK - 64 },
		{ UC_MIPS_REG_RA, RETURN }, { UC_MIPS_REG_T9, address } };
	uint32_t result;

	for (size_t i = 0; i < ARRAY_LEN(set); i++)
		must(uc_reg_write(target.uc, (int)set[i][0], &set[i][1]));
	target.insns = 0;
	must(uc_emu_start(target.uc, address, RETURN, 0, 0));
	must(uc_reg_read(target.uc, UC_MIPS_REG_V0, &result));
	return result;
}

static inline uint32_t
call(uint32_t fn, uint32_t a, uint32_t b, uint32_t c)
{
	return call_at(target.table[fn], a, b, c);
}

/* N bytes into the target's memory; returns where. */
static inline uint32_t
put(const void *p, size_t n)
{
	uint32_t at = DATA + target.data;

	if (n > DATA_BYTES - target.data)
		die("target", "out of memory");
	must(uc_mem_write(target.uc, at, p, n));
	target.data += (uint32_t)(n + 7) & ~7u;
	return at;
}

#endif /* TESTS_BENCH_TARGET_H */
