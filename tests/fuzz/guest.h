/*
 * guest.h - run generated classifiers over many frames in one emulation.
 *
 * A loop in the guest calls the code for each frame of a batch; the hook of
 * every load and store knows which frame that is, and stops at what lies outside
 * its captured bytes, the stack below $sp and the ids.  Code is put where none has
 * been, so nothing that was translated is ever stale.
 */
#ifndef TESTS_FUZZ_GUEST_H
#define TESTS_FUZZ_GUEST_H

#include "dpf/mips.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum {
	GUEST_FRAMES = 96,
	GUEST_IDS = 32, /* what a frame's code may store */
	GUEST_SLOT = 2048,
	GUEST_LOOP = 0x00100000,
	GUEST_DONE = GUEST_LOOP + 0x800,
	GUEST_TABLE = 0x00200000, /* of struct guest_call */
	GUEST_FRAME = 0x00400000, /* frame i 2 bytes behind slot i */
	GUEST_STACK = 0x00700800, /* its end */
	GUEST_STACK_BYTES = 64,
	GUEST_CODE = 0x01000000,
	GUEST_CODE_BYTES = 4 << 20,
};

/* What the loop passes, and what came of it. */
struct guest_call {
	uint32_t frame, len, wirelen, result;
	uint16_t ids[GUEST_IDS];
};

static struct {
	uc_engine *uc;
	struct guest_call table[GUEST_FRAMES] __attribute__((aligned(4096)));
	uint8_t frames[GUEST_FRAMES * GUEST_SLOT]
		__attribute__((aligned(4096)));
	uint32_t *code; /* GUEST_CODE_BYTES */
	uint32_t at;    /* words of it that were used */
	uint32_t now;   /* whose turn it is */
	uint32_t byte;  /* address of the last load, if of a byte */
	const char *wrong;
	uint32_t wrong_at;
	uint64_t loads;
} guest;

static inline void
guest_check(uc_err err)
{
	if (err == UC_ERR_OK)
		return;
	fprintf(stderr, "unicorn: %s\n", uc_strerror(err));
	abort();
}

static inline bool
guest_inside(uint32_t at, uint32_t size, uint32_t base, uint32_t len)
{
	return at >= base && size <= len && at - base <= len - size;
}

/*
 * lwl and lwr are seen as a load of the byte that they name and one of the whole
 * word; what they use of it ends, or begins, with that byte.  They come in pairs,
 * so both ends of the field are looked at.
 */
static inline bool
guest_load_is_good(uint32_t at, uint32_t size, const struct guest_call *c)
{
	uint32_t named = guest.byte;

	guest.byte = size == 1 ? at : 0;
	if (guest_inside(at, size, c->frame, c->len))
		return true;
	return size == 4 && at % 4 == 0 && named - at < 4 &&
	       guest_inside(named, 1, c->frame, c->len);
}

static inline void
guest_on_memory(uc_engine *uc, uc_mem_type type, uint64_t address, int bytes,
	int64_t value, void *arg)
{
	uint32_t at = (uint32_t)address, size = (uint32_t)bytes;
	const struct guest_call *c = &guest.table[guest.now];
	uint32_t own = GUEST_TABLE + guest.now * (uint32_t)sizeof(*c);

	(void)value;
	(void)arg;
	if (guest_inside(at, size, GUEST_STACK - GUEST_STACK_BYTES,
		    GUEST_STACK_BYTES))
		return;
	if (guest_inside(at, size, GUEST_TABLE, sizeof(guest.table))) {
		/* The loop; its first load says whose turn it is. */
		if (type == UC_MEM_READ && (at - GUEST_TABLE) % sizeof(*c) == 0)
			guest.now = (at - GUEST_TABLE) / (uint32_t)sizeof(*c);
		else if (type != UC_MEM_READ &&
			 !guest_inside(at, size, own + 12, sizeof(*c) - 12))
			guest.wrong = "store to somewhere else";
		guest.byte = 0;
	} else if (type != UC_MEM_READ) {
		guest.wrong = "store outside";
	} else {
		guest.loads++;
		if (!guest_load_is_good(at, size, c))
			guest.wrong = "load outside the frame";
	}
	if (guest.wrong != NULL) {
		guest.wrong_at = at;
		uc_emu_stop(uc);
	}
}

/* $s0 the next call, $s1 the end, $s2 the code. */
static inline void
guest_put_loop(void)
{
	const uint32_t loop[] = {
		(uint32_t)mips_i(MIPS_OP_lw, MIPS_A0, MIPS_S0, 0),
		(uint32_t)mips_i(MIPS_OP_lw, MIPS_A1, MIPS_S0, 4),
		(uint32_t)mips_i(MIPS_OP_lw, MIPS_A2, MIPS_S0, 8),
		0x0240f809, /* jalr $s2 */
		(uint32_t)mips_i(MIPS_OP_addiu, MIPS_A3, MIPS_S0, 16),
		0xae02000c, /* sw $v0, 12($s0) */
		(uint32_t)mips_i(MIPS_OP_addiu, MIPS_S0, MIPS_S0,
			(int32_t)sizeof(struct guest_call)),
		(uint32_t)mips_i(MIPS_OP_bne, MIPS_S1, MIPS_S0, -8),
		MIPS_NOP,
		(uint32_t)mips_jump(MIPS_OP_j, GUEST_DONE),
		MIPS_NOP,
	};

	guest_check(uc_mem_write(guest.uc, GUEST_LOOP, loop, sizeof(loop)));
}

static inline void
guest_open(void)
{
	uc_hook hook;

	if (guest.code == NULL)
		guest.code = aligned_alloc(4096, GUEST_CODE_BYTES);
	if (guest.code == NULL)
		abort();
	guest_check(uc_open(UC_ARCH_MIPS,
		UC_MODE_MIPS32 | UC_MODE_LITTLE_ENDIAN, &guest.uc));
	guest_check(uc_mem_map(guest.uc, GUEST_LOOP, 4096, UC_PROT_ALL));
	guest_check(
		uc_mem_map(guest.uc, GUEST_STACK & ~0xfffu, 4096, UC_PROT_ALL));
	guest_check(uc_mem_map_ptr(guest.uc, GUEST_TABLE,
		(sizeof(guest.table) + 4095) & ~(size_t)4095, UC_PROT_ALL,
		guest.table));
	guest_check(uc_mem_map_ptr(guest.uc, GUEST_FRAME, sizeof(guest.frames),
		UC_PROT_ALL, guest.frames));
	guest_check(uc_mem_map_ptr(guest.uc, GUEST_CODE, GUEST_CODE_BYTES,
		UC_PROT_ALL, guest.code));
	guest_put_loop();
	guest_check(uc_hook_add(guest.uc, &hook,
		UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
		(void *)(uintptr_t)guest_on_memory, NULL, 1, 0));
}

/* Room for WORDS of code that were never run: their index in guest.code.  When it
 * is used up everything begins anew. */
static inline uint32_t
guest_room(uint32_t words)
{
	uint32_t at = (guest.at + 1) & ~1u;

	if (at + words > GUEST_CODE_BYTES / 4) {
		guest_check(uc_close(guest.uc));
		guest_open();
		at = 0;
	}
	return at;
}

static inline uint8_t *
guest_frame(uint32_t i)
{
	return guest.frames + i * GUEST_SLOT + 2;
}

static inline void
guest_set(int reg, uint32_t v)
{
	guest_check(uc_reg_write(guest.uc, reg, &v));
}

/* Run the code at index AT for the first N frames; false: guest.wrong. */
static inline bool
guest_run(uint32_t at, uint32_t n)
{
	uc_err err;
	uint32_t sp;

	guest.wrong = NULL;
	guest.now = 0;
	guest_set(UC_MIPS_REG_S0, GUEST_TABLE);
	guest_set(UC_MIPS_REG_S1,
		GUEST_TABLE + n * (uint32_t)sizeof(struct guest_call));
	guest_set(UC_MIPS_REG_S2, GUEST_CODE + 4 * at);
	guest_set(UC_MIPS_REG_SP, GUEST_STACK);
	err = uc_emu_start(guest.uc, GUEST_LOOP, GUEST_DONE, 10000000, 0);
	if (guest.wrong == NULL && err != UC_ERR_OK)
		guest.wrong = uc_strerror(err);
	guest_check(uc_reg_read(guest.uc, UC_MIPS_REG_SP, &sp));
	if (guest.wrong == NULL && sp != GUEST_STACK)
		guest.wrong = "the stack was left elsewhere";
	return guest.wrong == NULL;
}

#endif /* TESTS_FUZZ_GUEST_H */
