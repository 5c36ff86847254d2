/*
 * attack.h - what the attacking programs share: one line for each attempt.
 *
 * They hold their own name, the console and, some of them, a flow; each attempt
 * prints "attack: NAME CODE" with the kernel's code, or 0 if it worked.
 */
#ifndef TESTS_ATTACK_ATTACK_H
#define TESTS_ATTACK_ATTACK_H

#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"
#include "tests/attack/lib/attempt.h"

#include <spindle/bytes.h>
#include <stddef.h>

enum {
	SPARE_VA = 0x20000000, /* nothing is mapped there */
	KERNEL_VA = (int)0x80100000,
	KERNEL_PFN = 0x100,
};

/* COUNT own frames mapped at VA; returns the first one's number. */
static inline uint32_t
own_pages(uint32_t va, uint32_t count)
{
	struct sp_map m = { .va = va, .count = count, .flags = SP_MAP_WRITE };
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, count, 0, PFN_ANY);

	m.pfn = (uint32_t)pfn;
	if (pfn < 0 || sys_map(&m) < 0) {
		print("attack: no memory\n");
		sys_exit(1);
	}
	return m.pfn;
}

static inline void
drop_pages(uint32_t va, uint32_t pfn, uint32_t count)
{
	(void)sys_unmap(APP_CAP_SELF, 0, va, count);
	(void)sys_page_free(APP_CAP_SELF, pfn, count);
}

#endif /* TESTS_ATTACK_ATTACK_H */
