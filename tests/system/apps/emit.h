/*
 * emit.h - code written at run time that C cannot say: patterns in all registers.
 *
 * Registers go to and from the page LOW, which `off($zero)` reaches.
 */
#ifndef TESTS_SYSTEM_APPS_EMIT_H
#define TESTS_SYSTEM_APPS_EMIT_H

#include "apps/lib/layout.h"
#include "apps/lib/syscall.h"

#include <stdbool.h>

#define LOW      0x2000
#define LOW_OWN  LOW         /* the caller's registers, by number */
#define LOW_SEEN (LOW + 256) /* registers, HI and LO at the end of a run */

enum {
	I_BREAK = 0x0000000d,
	I_NOP = 0,
	I_JR_RA = 0x03e00008,
	R_HI = 32,
	R_LO = 33,
	R_COUNT = 34,
};

struct code {
	uint32_t word[256];
	uint32_t n;
};

static inline void
emit(struct code *c, uint32_t word)
{
	c->word[c->n++] = word;
}

static inline void
emit_li(struct code *c, uint32_t reg, uint32_t v)
{
	emit(c, 0x3c000000 | reg << 16 | v >> 16);                  /* lui */
	emit(c, 0x34000000 | reg << 21 | reg << 16 | (v & 0xffff)); /* ori */
}

static inline void
emit_store(struct code *c, uint32_t reg, uint32_t at)
{
	emit(c, 0xac000000 | reg << 16 | at);
}

static inline void
emit_load(struct code *c, uint32_t reg, uint32_t at)
{
	emit(c, 0x8c000000 | reg << 16 | at);
}

/* A register that holds a pattern. */
static inline bool
emit_is_free(uint32_t reg)
{
	return reg != 0 && reg != 26 && reg != 27;
}

static inline uint32_t
emit_pattern(uint32_t reg)
{
	return 0x5a000001u + reg * 0x00010203u;
}

/* Put the caller's registers away and a pattern into each, HI and LO. */
static inline void
emit_begin(struct code *c)
{
	c->n = 0;
	for (uint32_t r = 1; r < 32; r++)
		emit_store(c, r, LOW_OWN + 4 * r);
	emit_li(c, 2, emit_pattern(R_HI));
	emit(c, 2 << 21 | 0x11); /* mthi */
	emit_li(c, 2, emit_pattern(R_LO));
	emit(c, 2 << 21 | 0x13); /* mtlo */
	for (uint32_t r = 1; r < 32; r++)
		if (emit_is_free(r))
			emit_li(c, r, emit_pattern(r));
}

/* Show what the registers hold, and return to C. */
static inline void
emit_end(struct code *c)
{
	for (uint32_t r = 1; r < 32; r++)
		emit_store(c, r, LOW_SEEN + 4 * r);
	emit(c, 2 << 11 | 0x10); /* mfhi */
	emit_store(c, 2, LOW_SEEN + 4 * R_HI);
	emit(c, 2 << 11 | 0x12); /* mflo */
	emit_store(c, 2, LOW_SEEN + 4 * R_LO);
	for (uint32_t r = 1; r < 32; r++)
		emit_load(c, r, LOW_OWN + 4 * r);
	emit(c, I_JR_RA);
	emit(c, I_NOP);
}

static inline void
emit_run(const struct code *c)
{
	sys_sync_code(c->word, c->n * 4);
	((void (*)(void))(uintptr_t)c->word)();
}

/* How many registers do not hold their pattern?  REG as in LOW_SEEN. */
static inline uint32_t
emit_wrong(const uint32_t *reg)
{
	uint32_t wrong = 0;

	for (uint32_t r = 0; r < R_COUNT; r++)
		wrong += emit_is_free(r) && reg[r] != emit_pattern(r);
	return wrong;
}

static inline const uint32_t *
emit_seen(void)
{
	return (const uint32_t *)LOW_SEEN;
}

/* Map COUNT fresh pages at VA. */
static inline int32_t
emit_map(uint32_t va, uint32_t count)
{
	struct sp_map m = {
		.cap = APP_CAP_SELF,
		.va = va,
		.count = count,
		.flags = SP_MAP_WRITE,
	};
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, count, 0, SP_PFN_ANY);

	m.pfn = (uint32_t)pfn;
	return pfn < 0 ? pfn : sys_map(&m);
}

#endif /* TESTS_SYSTEM_APPS_EMIT_H */
