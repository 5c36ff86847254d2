/*
 * attack_contexts.c - save areas that are not there, entries that lead nowhere,
 * exceptions without end, areas scribbled over while the kernel uses them.
 */
#include "apps/lib/mem.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/fate.h"

enum {
	LOW_VA = 0x6000,  /* the area, in reach of $zero */
	CODE_VA = 0x1000, /* handlers in machine code */
	STORM = 200,      /* exceptions that must not hurt */
};

#define K1_JUMP       0x03600008 /* jr $k1 */
#define SW_ZERO_BUSY  0xac000000 /* sw $zero, off($zero) */
#define LW_K1_EPC     0x8c1b0000 /* lw $k1, off($zero) */
#define ADDIU_K1_4    0x277b0004 /* addiu $k1, $k1, 4 */
#define BREAK         0x0000000d
#define LOAD_KERNEL_1 0x3c088010 /* lui $t0, 0x8010 */
#define LOAD_KERNEL_2 0x8d080000 /* lw $t0, 0($t0) */

static int32_t
map(uint32_t env, uint32_t va, uint32_t pfn, uint32_t flags)
{
	const struct sp_map m = {
		.env = env, .va = va, .pfn = pfn, .count = 1, .flags = flags
	};

	return sys_map(&m);
}

static int32_t
set_for(uint32_t env, uint32_t area, uint32_t pc)
{
	const struct sp_context c = {
		.area_va = area,
		.sync_pc = pc,
	};

	return sys_context_set(APP_CAP_SELF, env, &c);
}

static int32_t
set(uint32_t area)
{
	return set_for(0, area, 0);
}

static int32_t
set_entries(uint32_t start, uint32_t end, uint32_t sync, uint32_t async)
{
	const struct sp_context c = {
		.area_va = LOW_VA,
		.start_pc = start,
		.end_pc = end,
		.sync_pc = sync,
		.async_pc = async,
	};

	return sys_context_set(APP_CAP_SELF, 0, &c);
}

static int32_t
set_at(uint32_t cap, uint32_t env, uint32_t va)
{
	return sys_call3(SP_CALL_context_set, cap, env, va);
}

/* --- areas that must not be one ---------------------------------------------- */

static void
bad_places(void)
{
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY);
	uint32_t own = (uint32_t)pfn;

	refused("area-misaligned", SP_EINVAL, set(LOW_VA + 4));
	refused("area-half-page", SP_EINVAL, set(LOW_VA + 0x800));
	refused("area-unmapped", SP_EFAULT, set(LOW_VA));
	refused("area-kernel", SP_EFAULT, set((uint32_t)KERNEL_VA));
	refused("area-kseg1", SP_EFAULT, set(0xa0000000));
	refused("area-top", SP_EFAULT, set(0xfffff000));
	refused("area-info", SP_EFAULT, set(SP_INFO_VA));
	refused("area-frames", SP_EFAULT, set(SP_FRAMES_VA));
	(void)map(0, LOW_VA, own, 0);
	refused("area-read-only", SP_EFAULT, set(LOW_VA));
	(void)sys_unmap(APP_CAP_SELF, 0, LOW_VA, 1);
	(void)sys_call(
		SP_CALL_tlb_write, APP_CAP_SELF, LOW_VA, own, SP_MAP_WRITE);
	refused("area-only-bound", SP_EFAULT, set(LOW_VA));
	(void)sys_tlb_delete(LOW_VA, 1);
	(void)map(0, LOW_VA, own, SP_MAP_WRITE);
	refused("area-pointer-kernel", SP_EFAULT,
		set_at(0, 0, (uint32_t)KERNEL_VA));
	refused("area-pointer-0", SP_EFAULT, set_at(0, 0, 0));
	refused("area-pointer-end", SP_EFAULT, set_at(0, 0, SP_STACK_TOP - 4));
	refused("area-start-alone", SP_EINVAL, set_entries(CODE_VA, 0, 0, 0));
	refused("area-end-alone", SP_EINVAL, set_entries(0, CODE_VA, 0, 0));
	refused("entry-kernel-start", SP_EINVAL,
		set_entries((uint32_t)KERNEL_VA, CODE_VA, 0, 0));
	refused("entry-kernel-end", SP_EINVAL,
		set_entries(CODE_VA, 0x80000180, 0, 0));
	refused("entry-kernel-sync", SP_EINVAL,
		set_entries(0, 0, (uint32_t)KERNEL_VA, 0));
	refused("entry-kernel-async", SP_EINVAL,
		set_entries(0, 0, 0, 0xbfc00000));
	refused("entry-odd", SP_EINVAL, set_entries(0, 0, CODE_VA + 1, 0));
	(void)sys_unmap(APP_CAP_SELF, 0, LOW_VA, 1);
	(void)sys_page_free(APP_CAP_SELF, own, 1);
}

/* Areas of others, for others, in frames of others. */
static void
others_areas(void)
{
	struct spawn s = fate_begin(fate_rest, 0);
	uint32_t agent = app_info()->env[0].id;
	uint32_t stack = SP_STACK_TOP - SPAWN_STACK_PAGES * SP_PAGE;
	static struct sp_context c;

	refused("area-for-agent", SP_EPERM, set_for(agent, 0, 0));
	refused("area-for-nobody", SP_ENOENT, set_for(0xffffff, 0, 0));
	refused("area-for-stale", SP_ENOENT, set_for(s.env ^ 0x100, 0, 0));
	refused("area-no-cap", SP_EPERM, set_at(9, 0, sys_addr(&c)));
	refused("area-cap-wrap", SP_EPERM, set_at(~0u, 0, sys_addr(&c)));
	refused("area-console-cap", SP_EPERM,
		set_at(APP_CAP_CONSOLE, 0, sys_addr(&c)));
	/* The child's stack lies in frames of ours. */
	refused("area-foreign-frame", SP_EPERM, set_for(s.env, stack, 0));
	refused("area-of-our-space", SP_EFAULT, set_for(s.env, LOW_VA, 0));
	(void)fate_end(&s, 0);
}

/* --- children with areas that go wrong ---------------------------------------------- */

static struct sp_area *
area(void)
{
	return (struct sp_area *)LOW_VA;
}

/* An area, and a page of handlers of which CODE is the first. */
static void
set_up(const uint32_t *code, uint32_t words)
{
	(void)own_pages(LOW_VA, 1);
	(void)own_pages(CODE_VA, 1);
	for (uint32_t i = 0; i < words; i++)
		((uint32_t *)CODE_VA)[i] = code[i];
	sys_sync_code((void *)CODE_VA, words * 4);
	for (uint32_t i = 0; i < 32; i++)
		area()->save[SP_MAIN].pc[i] = CODE_VA;
	if (set(LOW_VA) < 0)
		sys_exit(99);
}

static void
take_exception(void)
{
	static const uint32_t code[] = { BREAK, 0x03e00008, 0 };

	sys_sync_code(code, sizeof(code));
	((void (*)(void))(uintptr_t)code)();
}

/* Handlers at addresses of the kernel, which user mode cannot fetch. */
static int
enters_kernel(uint32_t pc)
{
	static const uint32_t none[] = { BREAK };

	set_up(none, 1);
	area()->save[SP_MAIN].pc[9] = pc;
	take_exception();
	return 1;
}

/* The handler breaks before BUSY is clear. */
static int
breaks_twice(uint32_t arg)
{
	static const uint32_t code[] = { BREAK };

	(void)arg;
	set_up(code, 1);
	take_exception();
	return 1;
}

/* The handler reads the kernel's memory; then that is what ended it. */
static int
reads_in_handler(uint32_t arg)
{
	static const uint32_t code[] = { LOAD_KERNEL_1, LOAD_KERNEL_2 };

	(void)arg;
	set_up(code, 2);
	take_exception();
	return 1;
}

/* Each exception is resumed behind the instruction. */
static const uint32_t resume[] = {
	LW_K1_EPC | (LOW_VA + 4),
	ADDIU_K1_4,
	K1_JUMP,
	SW_ZERO_BUSY | (LOW_VA + 16),
};

static int
storms(uint32_t n)
{
	set_up(resume, ARRAY_LEN(resume));
	for (uint32_t i = 0; i < n; i++)
		take_exception();
	return 5;
}

/* For ever: clear BUSY, and do the very same again. */
static int
storms_for_ever(uint32_t arg)
{
	static const uint32_t code[] = {
		LW_K1_EPC | (LOW_VA + 4),
		0,
		K1_JUMP,
		SW_ZERO_BUSY | (LOW_VA + 16),
	};

	(void)arg;
	set_up(code, ARRAY_LEN(code));
	shared_set(0, 1);
	take_exception();
	return 1;
}

/* Every word of the area, and then an exception. */
static int
scribbles(uint32_t word)
{
	set_up(resume, ARRAY_LEN(resume));
	for (uint32_t i = 0; i < SP_PAGE / 4; i++)
		((uint32_t *)LOW_VA)[i] = word;
	take_exception();
	return 6;
}

/* The area's frame is freed while the kernel has it: no area, no handler. */
static int
frees_area(uint32_t how)
{
	const struct sp_frame *f = (const struct sp_frame *)SP_FRAMES_VA;
	uint32_t pfn = 0;

	set_up(resume, ARRAY_LEN(resume));
	while (pfn < app_info()->pages_total &&
		(f[pfn].owner != (uint32_t)sys_self() % SP_MAX_ENVS + 1 ||
			f[pfn].pins == 0))
		pfn++;
	if (how == 0 && sys_page_free(APP_CAP_SELF, pfn, 1) < 0)
		return 1;
	if (how == 1 && sys_unmap(APP_CAP_SELF, 0, LOW_VA, 1) < 0)
		return 2;
	if (how == 2 && map(0, LOW_VA, pfn, 0) < 0)
		return 3;
	if (how == 0 && map(0, LOW_VA, pfn, SP_MAP_WRITE) != SP_ENOENT)
		return 4;
	take_exception();
	return 7;
}

/* BUSY is set by nobody but itself: an exception is the second one at once. */
static int
busy_from_the_start(uint32_t arg)
{
	(void)arg;
	set_up(resume, ARRAY_LEN(resume));
	area()->save[SP_MAIN].busy = 0x80000000u;
	take_exception();
	return 1;
}

/* While the area is in use it cannot be exchanged. */
static int
moves_busy_area(uint32_t arg)
{
	(void)arg;
	set_up(resume, ARRAY_LEN(resume));
	(void)own_pages(LOW_VA + SP_PAGE, 1);
	area()->save[SP_MAIN].busy = 0x80000000u;
	if (set(LOW_VA + SP_PAGE) != SP_EBUSY || set(0) != SP_EBUSY)
		return 1;
	area()->save[SP_MAIN].busy = 0;
	if (set(LOW_VA + SP_PAGE) != SP_OK || set(0) != SP_OK)
		return 2;
	return 8;
}

static void
bad_entries(void)
{
	static const uint32_t places[] = { 0x80000180, (uint32_t)KERNEL_VA,
		0xa0000000, 0xbfc00500, 0xffffffff };

	/* Bit 31 only says that the kernel looks first: they are user's. */
	for (uint32_t i = 0; i < ARRAY_LEN(places); i++)
		fate("handler-in-kernel", -2, enters_kernel, places[i]);
	fate("handler-nowhere", -2, enters_kernel, 0x20000000);
	fate("handler-odd", -4, enters_kernel, CODE_VA + 2);
	fate("handler-none", -2, enters_kernel, 0);
	fate("double-fault", -9, breaks_twice, 0);
	fate("double-fault-other", -4, reads_in_handler, 0);
	fate("busy-from-the-start", -9, busy_from_the_start, 0);
}

static void
used_areas(void)
{
	struct spawn s;

	fate("storm", 5, storms, STORM);
	fate("scribbled-zero", -2, scribbles, 0);
	fate("scribbled-ones", -9, scribbles, ~0u);
	fate("scribbled-kernel", -9, scribbles, (uint32_t)KERNEL_VA);
	fate("scribbled-own", 6, scribbles, CODE_VA);
	fate("area-freed", -9, frees_area, 0);
	fate("area-unmapped-in-use", -2, frees_area, 1);
	fate("area-read-only-in-use", -1, frees_area, 2);
	fate("area-moved-busy", 8, moves_busy_area, 0);
	s = fate_begin(storms_for_ever, 0);
	attempt_holds("storm-begins", fate_until(&s, 0, 1, 100));
	attempt_holds("storm-for-ever", fate_end(&s, 20) == FATE_LIVES);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	bad_places();
	others_areas();
	bad_entries();
	used_areas();
	attempt_done();
	return 0;
}
