/*
 * exceptions.c - handles every exception by itself, and dies of some.
 *
 * Argument 1 says what to do; results are lines "exc: NAME ...".
 */
#include "tests/system/apps/exceptions.h"

#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>
#include <stdbool.h>

enum {
	THRASH_VA = 0x20000000,
	PAIRS = 160,    /* more than the TLB and what QEMU adds to it */
	FIGURES = 1000, /* of each kind, for tests/bench/core.py */
	ROUNDS = 3000,
};

static volatile struct sp_area *const area = (volatile struct sp_area *)AREA_VA;

/* exceptions.S */
void exc_handler(void);
void exc_handler_bad(void);
void exc_handler_short(void);
void exc_touch(uint32_t first, uint32_t end, uint32_t rounds);
int exc_thrash_a(uint32_t first, uint32_t end, uint32_t rounds);
int exc_thrash_b(uint32_t first, uint32_t end, uint32_t rounds);

#define CASES(X)                                                               \
	X(unalign_load, true)                                                  \
	X(unalign_store, true)                                                 \
	X(kernel_load, true)                                                   \
	X(load, true)                                                          \
	X(store, true)                                                         \
	X(modify, true)                                                        \
	X(overflow, true)                                                      \
	X(trap, true)                                                          \
	X(break, true)                                                         \
	X(reserved, true)                                                      \
	X(fpu, true)                                                           \
	X(cop0, true)                                                          \
	X(sdbbp, true)                                                         \
	X(jump_kernel, false)                                                  \
	X(jump_odd, false)                                                     \
	X(jump_unmapped, false)                                                \
	X(delay_slot, false)                                                   \
	X(delay_slot_miss, false)

#define X(name, next)                                                          \
	int exc_##name(void);                                                  \
	extern const char exc_##name##_at[], exc_##name##_back[];
CASES(X)
#undef X

static const struct {
	const char *name;
	int (*run)(void);
	const char *at, *back;
	bool next; /* goes on behind the instruction */
} cases[] = {
#define X(name, next)                                                          \
	{ #name, exc_##name, exc_##name##_at, exc_##name##_back, next },
	CASES(X)
#undef X
};

static uint32_t
load(uint32_t va)
{
	return mmio_load((const uint32_t *)(uintptr_t)va);
}

static void
store(uint32_t va, uint32_t value)
{
	mmio_store((uint32_t *)(uintptr_t)va, value);
}

static uint32_t
map_new(uint32_t va)
{
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY);
	struct sp_map m = { .va = va, .count = 1, .flags = SP_MAP_WRITE };

	m.pfn = (uint32_t)pfn;
	if (pfn < 0 || sys_map(&m) < 0)
		sys_exit(99);
	return m.pfn;
}

static void
handle_all(void (*handler)(void), uint32_t flag)
{
	for (uint32_t i = 0; i < ARRAY_LEN(area->save[0].pc); i++)
		area->save[SP_MAIN].pc[i] = (uint32_t)(uintptr_t)handler | flag;
}

static int32_t
set_area(uint32_t va)
{
	const struct sp_context c = { .area_va = va };

	return sys_context_set(APP_CAP_SELF, 0, &c);
}

static void
each_class(void)
{
	for (uint32_t i = 0; i < ARRAY_LEN(cases); i++) {
		store(LOG_COUNT, 0);
		store(LOG_RESUME,
			cases[i].next ? 0 : (uint32_t)(uintptr_t)cases[i].back);

		int changed = cases[i].run();
		uint32_t cause = load(LOG_CAUSE), epc = load(LOG_EPC);
		bool here = epc == (uint32_t)(uintptr_t)cases[i].at;

		print("exc: %s code %u bd %u ce %u addr %x at %x count %u "
		      "changed %d busy %u\n",
			cases[i].name, cause >> 2 & 31, cause >> 31,
			cause >> 28 & 3, load(LOG_BADVADDR), here ? 0 : epc,
			load(LOG_COUNT), changed,
			load(LOG_BUSY) == load(LOG_K1) &&
				load(LOG_BUSY) >> 31 != 0 &&
				area->save[SP_MAIN].busy == 0);
	}
}

static void
thrash(bool other)
{
	struct sp_map m = { .count = 1, .flags = SP_MAP_WRITE };

	m.pfn = map_new(THRASH_VA + PAIRS * STRIDE);
	for (uint32_t i = 0; i < PAIRS; i++) {
		m.va = THRASH_VA + i * STRIDE;
		if (sys_map(&m) < 0)
			sys_exit(98);
		m.va += COLLIDE;
		if (sys_map(&m) < 0)
			sys_exit(98);
	}

	uint32_t end = THRASH_VA + PAIRS * STRIDE;
	int changed = other ? exc_thrash_b(THRASH_VA, end, ROUNDS)
			    : exc_thrash_a(THRASH_VA, end, ROUNDS);

	print("exc: thrash changed %d handled %u\n", changed, load(LOG_COUNT));
}

static void
figures(void)
{
	struct sp_map m = { .pfn = map_new(THRASH_VA), .count = 1 };

	for (uint32_t i = 0; i < ARRAY_LEN(cases); i++)
		for (uint32_t n = 0; cases[i].next && n < FIGURES; n++)
			(void)cases[i].run();
	for (uint32_t i = 0; i < PAIRS; i++) {
		m.va = THRASH_VA + i * STRIDE;
		if (sys_map(&m) < 0)
			sys_exit(98);
	}
	exc_touch(THRASH_VA, THRASH_VA + PAIRS * STRIDE, FIGURES / 10);
}

/* A context with one word wrong; what comes of it. */
static void
refused(const char *name, uint32_t env, uint32_t area_va, uint32_t start,
	uint32_t end, uint32_t sync)
{
	const struct sp_context c = { .area_va = area_va,
		.start_pc = start,
		.end_pc = end,
		.sync_pc = sync };
	int code = sys_context_set(APP_CAP_SELF, env, &c);

	print("exc: %s %d\n", name, code);
}

static void
refusals(void)
{
	struct sp_map m = { .va = 0x7000, .count = 1 };
	int32_t id = sys_env_create(APP_CAP_SELF, "child                   ");

	m.pfn = map_new(0x3000);
	(void)sys_map(&m);
	refused("area-odd", 0, AREA_VA + 4, 0, 0, 0);
	refused("area-kernel", 0, 0x80100000, 0, 0, 0);
	refused("area-info", 0, SP_INFO_VA, 0, 0, 0);
	refused("area-unmapped", 0, UNMAPPED_VA, 0, 0, 0);
	refused("area-read-only", 0, 0x7000, 0, 0, 0);
	refused("entry-kernel", 0, AREA_VA, 0, 0, 0x80100000);
	refused("entry-odd", 0, AREA_VA, 0, 0, 0x400002);
	refused("start-alone", 0, AREA_VA, 0x400000, 0, 0);
	refused("start-without-area", 0, 0, 0x400000, 0x400000, 0);
	refused("agent", app_info()->env[0].id, AREA_VA, 0, 0, 0);
	refused("nobody", 0x00ffff1f, AREA_VA, 0, 0, 0);
	/* Its parent's frame is not the child's own. */
	m.env = (uint32_t)id;
	m.va = AREA_VA;
	m.flags = SP_MAP_WRITE;
	print("exc: map-child %d\n", sys_map(&m));
	refused("area-foreign", (uint32_t)id, AREA_VA, 0, 0, 0);
	refused("child", (uint32_t)id, 0, 0, 0, 0x400000);
	print("exc: context-pointer %d\n",
		sys_call3(SP_CALL_context_set, APP_CAP_SELF, 0, 0x80100000));
	refused("set", 0, AREA_VA, 0, 0, 0);
	area->save[SP_UPCALL].busy = 0x80000000;
	refused("move-busy", 0, 0x3000, 0, 0, 0);
	refused("unset-busy", 0, 0, 0, 0, 0);
	refused("set-again", 0, AREA_VA, 0, 0, 0);
	area->save[SP_UPCALL].busy = 0;
	refused("move", 0, 0x3000, 0, 0, 0);
	refused("unset", 0, 0, 0, 0, 0);
	refused("unset-again", 0, 0, 0, 0, 0);
	(void)sys_env_kill(APP_CAP_SELF, (uint32_t)id);
}

/* Ways to end; the console says how. */
static void
die(char way)
{
	uint32_t bad = (uint32_t)(uintptr_t)exc_handler_bad;

	switch (way) {
	case 'd': /* twice */
		area->save[SP_MAIN].pc[4] = bad;
		break;
	case 'm': /* a miss in the handler of another */
		area->save[SP_MAIN].pc[4] = UNMAPPED_VA;
		break;
	case 'k': /* the handler lies in the kernel: bit 31 says otherwise */
		area->save[SP_MAIN].pc[4] = 0x80100000;
		break;
	case 'n': /* none for this one */
		area->save[SP_MAIN].pc[4] = SP_KERNEL_FIRST;
		break;
	case 'z': /* never meant to be */
		area->save[SP_MAIN].pc[4] = 0;
		break;
	case 'b': /* busy from the start */
		area->save[SP_MAIN].busy = 0xffffffff;
		break;
	case 'f': /* the area's frame is given back: no area any more */
		(void)sys_page_free(APP_CAP_SELF, load(LOG_RESUME), 1);
		break;
	default:
		return;
	}
	(void)exc_unalign_load();
	print("exc: survived\n");
}

int
app_main(uint32_t a0, uint32_t a1)
{
	char way = a0 > 1 ? app_arg(a1, 1)[0] : '?';
	uint32_t pfn = map_new(AREA_VA);
	struct sp_map m = {
		.va = READ_VA, .pfn = map_new(THRASH_VA - SP_PAGE), .count = 1
	};

	(void)sys_map(&m);
	if (way == 'R') {
		refusals();
		return 0;
	}
	if (set_area(AREA_VA) < 0)
		return 97;
	handle_all(way == 'B' ? exc_handler_short : exc_handler,
		way == 'K' ? SP_KERNEL_FIRST : 0);
	store(LOG_RESUME, pfn);
	if (way == 'A' || way == 'K')
		each_class();
	else if (way == 'B')
		figures();
	else if (way == 'T' || way == 'U')
		thrash(way == 'U');
	else
		die(way);
	print("exc: done\n");
	return 0;
}
