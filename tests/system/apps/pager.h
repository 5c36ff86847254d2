/*
 * pager.h - what programs with page tables of their own have in common: a few
 * frames, a place for the pages that do not fit in them, and the work that shows
 * whether every page is where it belongs.
 *
 * Pages that go are squeezed (runs of equal words) into memory that stays.
 */
#ifndef TESTS_SYSTEM_APPS_PAGER_H
#define TESTS_SYSTEM_APPS_PAGER_H

#include "apps/lib/app.h"
#include "apps/lib/context.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>
#include <stddef.h>

enum {
	PAGES = 400, /* that the program uses */
	FRAMES = 40, /* that it has */
	WORDS = SP_PAGE / 4,
	SQUEEZED = 72, /* words of a page that has gone, at most */
	MARKS = 16,    /* words of a page that are in use */
	PAGER_VA = 0x30000000,
	WINDOW_VA = 0x2c000000, /* where the pager sees its frames */
};

static struct {
	uint32_t pfn; /* of the first frame */
	uint32_t misses, lost, stores, evictions;
	uint32_t version[PAGES]; /* how often each page was written */
} pager;

/* Frame F as the pager sees it. */
static inline uint32_t *
frame_words(uint32_t f)
{
	return (uint32_t *)(uintptr_t)(WINDOW_VA + f * SP_PAGE);
}

static inline int
pager_open(void)
{
	struct sp_map m = {
		.va = WINDOW_VA, .count = FRAMES, .flags = SP_MAP_WRITE
	};
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, FRAMES, 0, SP_PFN_ANY);

	if (pfn < 0)
		return pfn;
	pager.pfn = m.pfn = (uint32_t)pfn;
	return sys_map(&m);
}

/* The page at VA is in frame F; it may be written to once it was. */
static inline int
pager_bind(uint32_t va, uint32_t f, bool dirty)
{
	return sys_tlb_write(
		APP_CAP_SELF, va, pager.pfn + f, dirty ? SP_MAP_WRITE : 0);
}

/* Runs of equal words, as length and value; false when there are too many. */
static inline bool
squeeze(const uint32_t *page, uint32_t out[SQUEEZED])
{
	uint32_t n = 0;

	for (uint32_t i = 0, run; i < WORDS; i += run) {
		if (n == SQUEEZED)
			return false;
		for (run = 1; i + run < WORDS && page[i + run] == page[i];)
			run++;
		out[n++] = run;
		out[n++] = page[i];
	}
	return true;
}

/* An IN that was never squeezed into is a page of zeroes. */
static inline void
unsqueeze(uint32_t *page, const uint32_t in[SQUEEZED])
{
	uint32_t i = 0;

	for (uint32_t n = 0; n < SQUEEZED && in[n] != 0 && i < WORDS; n += 2)
		for (uint32_t run = in[n]; run > 0; run--)
			page[i++] = in[n + 1];
	while (i < WORDS)
		page[i++] = 0;
}

/* Was the exception one of a store? */
static inline bool
is_store(const struct exception *x)
{
	return exception_code(x) != EXC_TLBL;
}

/* --- the work ------------------------------------------------------------------ */

static inline uint32_t
mark(uint32_t page, uint32_t version, uint32_t i)
{
	return version == 0 ? 0 : page << 20 ^ version << 4 ^ i;
}

/* Is page I at VA what was last written to it? */
static inline bool
page_is_right(uint32_t i, uint32_t va)
{
	const uint32_t *w = (const uint32_t *)(uintptr_t)va;
	bool right = true;

	for (uint32_t k = 0; k < MARKS; k++)
		right &= mmio_load(w + k * (WORDS / MARKS)) ==
			 mark(i, pager.version[i], k);
	return right;
}

static inline void
page_write(uint32_t i, uint32_t va)
{
	uint32_t *w = (uint32_t *)(uintptr_t)va;

	pager.version[i]++;
	for (uint32_t k = 0; k < MARKS; k++)
		mmio_store(
			w + k * (WORDS / MARKS), mark(i, pager.version[i], k));
}

/* Until there is an environment called NAME. */
static inline void
pager_await(const char *name)
{
	for (;;) {
		for (uint32_t i = 0; i < SP_MAX_ENVS; i++)
			if (app_info()->env[i].state == SP_ENV_RUNNABLE &&
				str_equal(app_info()->env[i].name, name))
				return;
		(void)sys_yield(0);
	}
}

/*
 * Arguments: how many thousand accesses, whose start to wait for.  Read
 * everywhere, write here and there; then look at all pages.
 */
static inline void
pager_work(const char *name, uint32_t (*va_of)(uint32_t page), uint32_t argv)
{
	uint32_t wrong = 0, seed = (uint32_t)sys_self();
	const char *thousands = app_arg(argv, 1);
	uint32_t accesses = 0;

	pager_await(app_arg(argv, 2));
	for (; *thousands != '\0'; thousands++)
		accesses = accesses * 10 + (uint32_t)(*thousands - '0') * 1000;
	for (uint32_t n = 0; n < accesses; n++) {
		seed = seed * 1664525 + 1013904223;

		uint32_t i = (seed >> 16) % PAGES;

		/* Half of the work is near. */
		if ((seed & 0x100) != 0)
			i = (n / 200 * 7 + i % 20) % PAGES;
		wrong += !page_is_right(i, va_of(i));
		if ((seed & 0x600) == 0)
			page_write(i, va_of(i));
	}
	for (uint32_t i = 0; i < PAGES; i++)
		wrong += !page_is_right(i, va_of(i));
	print("%s: wrong %u misses %u lost %u stores %u evictions %u\n", name,
		wrong, pager.misses, pager.lost, pager.stores, pager.evictions);
}

#endif /* TESTS_SYSTEM_APPS_PAGER_H */
