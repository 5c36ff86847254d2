/*
 * attack_turns.c - ends of slices that do not end, starts that lead nowhere, and
 * areas that say what is not so.
 */
#include "apps/lib/mem.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/fate.h"

enum {
	AREA = 0x6000,
	COUNT = 0, /* words of the shared page */
	ENDED = 1,
	STARTED = 2,
	LONG = 600, /* ticks */
};

static struct sp_area *
area(void)
{
	return (struct sp_area *)AREA;
}

static void
set(void (*start)(void), void (*end)(void))
{
	const struct sp_context c = {
		.area_va = AREA,
		.start_pc = (uint32_t)(uintptr_t)start,
		.end_pc = (uint32_t)(uintptr_t)end,
	};

	(void)own_pages(AREA, 1);
	if (sys_context_set(APP_CAP_SELF, 0, &c) < 0)
		sys_exit(99);
}

/* The program: counts, as long as it is let. */
static int
count(void)
{
	for (uint32_t i = 1; i != 0; i++)
		shared_set(COUNT, i);
	return 0;
}

/* --- ends; entered with the registers of count() ------------------------------- */

static void
never_ends(void)
{
	shared_set(ENDED, 1);
	for (;;)
		;
}

static void
ends_nowhere(void)
{
	shared_set(ENDED, shared_get(ENDED) + 1);
	(void)sys_yield(0xffffff);
	for (;;)
		;
}

static void
ends_at_once(void)
{
	for (;;)
		(void)sys_yield(0);
}

/* --- starts; entered with no registers at all ------------------------------------- */

static void
starts_over(void)
{
	mmio_store((uint32_t *)SHARED_VA + STARTED, 1);
	for (;;)
		;
}

/* --- children ------------------------------------------------------------------------- */

static int
overruns(uint32_t arg)
{
	(void)arg;
	set(starts_over, never_ends);
	return count();
}

static int
yields_to_nobody(uint32_t arg)
{
	(void)arg;
	set(starts_over, ends_nowhere);
	return count();
}

static int
starts_at(uint32_t pc)
{
	set((void (*)(void))(uintptr_t)pc, ends_at_once);
	return count();
}

static int
ends_at(uint32_t pc)
{
	set(starts_over, (void (*)(void))(uintptr_t)pc);
	return count();
}

/* BUSY for ever: the kernel saves what it would not. */
static int
always_busy(uint32_t arg)
{
	(void)arg;
	set(starts_over, never_ends);
	area()->slice_busy = SP_KERNEL_FIRST;
	area()->slice_epc = (uint32_t)KERNEL_VA;
	return count();
}

/* The whole area changes all the time, between any two ticks. */
static int
scribbles(uint32_t arg)
{
	(void)arg;
	set(starts_over, ends_at_once);
	for (uint32_t i = 1; i != 0; i++) {
		for (uint32_t w = 0; w < SP_PAGE / 4; w++)
			mmio_store((uint32_t *)AREA + w, i * 2654435761u);
		shared_set(COUNT, i);
	}
	return 0;
}

/* The area goes while a start depends on it. */
static int
frees_area(uint32_t arg)
{
	(void)arg;
	set(starts_over, ends_at_once);
	for (uint32_t pfn = 0; pfn < app_info()->pages_total; pfn++) {
		const struct sp_frame *f =
			(const struct sp_frame *)SP_FRAMES_VA + pfn;

		if (f->owner == (uint32_t)sys_self() % SP_MAX_ENVS + 1 &&
			f->pins > 0)
			(void)sys_page_free(APP_CAP_SELF, pfn, 1);
	}
	return count();
}

static int
goes_on(const struct spawn *s)
{
	uint32_t i = shared_get(COUNT), since = mmio_load(&app_info()->ticks);

	while (mmio_load(&app_info()->ticks) - since < 100 && spawn_lives(s)) {
		(void)sys_yield(0);
		if (shared_get(COUNT) - i > 1)
			return 1;
	}
	return 0;
}

/* It is ended; meanwhile it may not take more than its share. */
static void
ended(const char *name, int (*run)(uint32_t))
{
	const uint32_t *mine =
		&app_info()->env[(uint32_t)sys_self() % SP_MAX_ENVS].ticks;
	uint32_t ran = mmio_load(mine), since = mmio_load(&app_info()->ticks);
	struct spawn s = fate_begin(run, 0);
	int32_t code;

	while (spawn_lives(&s) && mmio_load(&app_info()->ticks) - since < LONG)
		;
	ran = mmio_load(mine) - ran;
	since = mmio_load(&app_info()->ticks) - since;
	code = fate_end(&s, 0);
	attempt_holds(name, code == SP_EKILLED);
	attempt_holds("its-share", ran * 3 >= since);
}

static void
lives(const char *name, int (*run)(uint32_t), uint32_t arg)
{
	struct spawn s = fate_begin(run, arg);

	attempt_holds(name, goes_on(&s) && goes_on(&s));
	attempt_holds("it-lives", fate_end(&s, 0) == FATE_LIVES);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	struct spawn s;

	(void)a0;
	(void)a1;
	ended("overruns", overruns);
	ended("yields-to-nobody", yields_to_nobody);
	fate("starts-nowhere", -2, starts_at, 0x30000000);
	fate("starts-in-page-0", -2, starts_at, 4);
	fate("ends-nowhere", -2, ends_at, 0x30000000);
	fate("starts-in-info", -10, starts_at, SP_STLB_VA);
	lives("always-busy", always_busy, 0);
	lives("area-freed", frees_area, 0);
	s = fate_begin(scribbles, 0);
	(void)goes_on(&s);
	(void)goes_on(&s);
	attempt_holds("scribbles", fate_end(&s, 0) != 0);
	attempt_done();
	return 0;
}
