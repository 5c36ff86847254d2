/*
 * mem.h - what the programs of test_memory.py share: one line for each result.
 *
 * said() prints "mem: NAME RESULT", RESULT the kernel's code or 0.
 */
#ifndef TESTS_SYSTEM_APPS_MEM_H
#define TESTS_SYSTEM_APPS_MEM_H

#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>
#include <stdbool.h>
#include <stddef.h>

enum { SPARE_VA = 0x20100000 }; /* nothing is mapped there */

static inline void
said(const char *name, int32_t code)
{
	print("mem: %s %d\n", name, code < 0 ? (int)code : 0);
}

/* TRUTH is 1 where it should be. */
static inline void
holds(const char *name, int truth)
{
	print("mem: %s %s\n", name, truth ? "yes" : "NO");
}

static inline int32_t
map_at(uint32_t env, uint32_t va, uint32_t pfn, uint32_t count, uint32_t flags)
{
	const struct sp_map m = {
		.env = env,
		.va = va,
		.pfn = pfn,
		.count = count,
		.flags = flags,
	};

	return sys_map(&m);
}

static inline int32_t
alloc(uint32_t count, uint32_t align, uint32_t pfn)
{
	return sys_page_alloc(APP_CAP_SELF, count, align, pfn);
}

static inline int32_t
page_free(uint32_t pfn, uint32_t count)
{
	return sys_page_free(APP_CAP_SELF, pfn, count);
}

static inline uint32_t *
word_at(uint32_t va)
{
	return (uint32_t *)(uintptr_t)va;
}

static inline const struct sp_frame *
frame_of(uint32_t pfn)
{
	return (const struct sp_frame *)SP_FRAMES_VA + pfn;
}

#endif /* TESTS_SYSTEM_APPS_MEM_H */
