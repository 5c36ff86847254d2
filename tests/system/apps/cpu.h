/*
 * cpu.h - what the programs of test_cpu.py share: a line for each result, and
 * children that see one page of the parent's.
 */
#ifndef TESTS_SYSTEM_APPS_CPU_H
#define TESTS_SYSTEM_APPS_CPU_H

#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/spawn.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>
#include <stddef.h>

enum {
	SHARED_VA = 0x22000000,
	TICK_COUNTS = 1666667, /* 10 ms of CP0 Count */
};

static inline void
said(const char *name, int32_t code)
{
	print("cpu: %s %d\n", name, code < 0 ? (int)code : 0);
}

static inline void
holds(const char *name, int truth)
{
	print("cpu: %s %s\n", name, truth ? "yes" : "NO");
}

static inline const struct sp_env_info *
about(uint32_t env)
{
	return &app_info()->env[env % SP_MAX_ENVS];
}

static inline uint32_t
ticks(void)
{
	return mmio_load(&app_info()->ticks);
}

static inline volatile uint32_t *
shared(uint32_t i)
{
	return (volatile uint32_t *)SHARED_VA + i;
}

static inline int32_t
map_page(uint32_t env, uint32_t va, uint32_t pfn, uint32_t flags)
{
	const struct sp_map m = {
		.env = env,
		.va = va,
		.pfn = pfn,
		.count = 1,
		.flags = flags,
	};

	return sys_map(&m);
}

/* A frame of our own, mapped at VA. */
static inline uint32_t
own_page(uint32_t va)
{
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY);

	if (pfn < 0 || map_page(0, va, (uint32_t)pfn, SP_MAP_WRITE) < 0) {
		print("cpu: no memory\n");
		sys_exit(1);
	}
	return (uint32_t)pfn;
}

/* A child that sees the frame PFN at SHARED_VA and runs RUN(ARG). */
static inline struct spawn
child(uint32_t pfn, int (*run)(uint32_t), uint32_t arg)
{
	struct spawn s;

	if (spawn_create(&s, "cpu-child-0123456789abc") < 0 ||
		map_page(s.env, SHARED_VA, pfn, SP_MAP_WRITE) < 0 ||
		spawn_start(&s, run, arg, 1) < 0) {
		print("cpu: no child\n");
		sys_exit(1);
	}
	return s;
}

/* The first position that ENV holds, SP_SLICES if none. */
static inline uint32_t
position_of(uint32_t env)
{
	uint32_t at = 0;

	while (at < SP_SLICES && mmio_load(&app_info()->slice[at]) != env)
		at++;
	return at;
}

/* Position AT instead of all that ENV had. */
static inline int32_t
move_to(uint32_t env, uint32_t at)
{
	uint32_t old;
	int32_t err = sys_slice_take(APP_CAP_SELF, env, at);

	for (old = 0; err == 0 && old < SP_SLICES; old++)
		if (old != at && app_info()->slice[old] == env)
			err = sys_slice_free(APP_CAP_SELF, old);
	return err;
}

/* Yield until COUNT (of CP0 Count) have passed. */
static inline void
pass(uint32_t count)
{
	uint32_t from = sys_count();

	while (sys_count() - from < count)
		(void)sys_yield(0);
}

#endif /* TESTS_SYSTEM_APPS_CPU_H */
