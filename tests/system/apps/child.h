/*
 * child.h - children that run a C function in a copy of the program's memory.
 *
 * They have no console: they answer through a page they share with their parent,
 * and by the way they end.
 */
#ifndef TESTS_SYSTEM_APPS_CHILD_H
#define TESTS_SYSTEM_APPS_CHILD_H

#include "apps/lib/mem.h"
#include "tests/system/apps/mem.h"

enum {
	SHARED_VA = 0x21000000, /* one page, here and in every child */
	COPY_VA = 0x22000000,
};

extern const char image_end[]; /* apps/lib/user.ld */

struct child {
	uint32_t env;
	struct sp_cap name;
	uint32_t pfn, pages; /* its copy of the program */
};

/* Copy [VA, VA + PAGES) into frames from PFN on, and map those into ENV. */
static inline int32_t
child_copy(uint32_t env, uint32_t va, uint32_t pfn, uint32_t pages)
{
	int32_t err = map_at(0, COPY_VA, pfn, pages, SP_MAP_WRITE);

	if (err < 0)
		return err;
	memcpy(word_at(COPY_VA), word_at(va), pages * SP_PAGE);
	sys_sync_code(word_at(COPY_VA), pages * SP_PAGE);
	(void)sys_unmap(APP_CAP_SELF, 0, COPY_VA, pages);
	return map_at(env, va, pfn, pages, SP_MAP_WRITE);
}

/* Start FN(ARG) in a child, named below capability BY; SHARED is the frame at
 * SHARED_VA. */
static inline struct child
child_start_below(
	uint32_t by, void (*fn)(uint32_t), uint32_t arg, uint32_t shared)
{
	static const char name[SP_NAME] = "child";
	uint32_t stack = APP_STACK / SP_PAGE;
	uint32_t image = (uint32_t)(uintptr_t)image_end - SP_USER_BASE;
	struct child c = { .pages = (image + SP_PAGE - 1) / SP_PAGE + stack };
	int32_t env = sys_env_create(by, name);
	int32_t pfn = alloc(c.pages, 0, PFN_ANY);
	struct sp_start s = {
		.pc = (uint32_t)(uintptr_t)fn,
		.sp = SP_STACK_TOP - 32,
		.a0 = arg,
		.slices = 1,
	};

	c.env = (uint32_t)env;
	c.pfn = (uint32_t)pfn;
	if (env < 0 || pfn < 0 ||
		child_copy(c.env, SP_USER_BASE, c.pfn, c.pages - stack) < 0 ||
		child_copy(c.env, SP_STACK_TOP - APP_STACK,
			c.pfn + c.pages - stack, stack) < 0 ||
		map_at(c.env, SHARED_VA, shared, 1, SP_MAP_WRITE) < 0 ||
		sys_env_start(APP_CAP_SELF, c.env, &s) < 0) {
		print("mem: no child %d %d\n", (int)env, (int)pfn);
		sys_exit(1);
	}
	return c;
}

static inline struct child
child_start(void (*fn)(uint32_t), uint32_t arg, uint32_t shared)
{
	return child_start_below(APP_CAP_SELF, fn, arg, shared);
}

static inline const struct sp_env_info *
child_info(const struct child *c)
{
	return &app_info()->env[c->env % SP_MAX_ENVS];
}

static inline int
child_lives(const struct child *c)
{
	return child_info(c)->id == c->env &&
	       child_info(c)->state != SP_ENV_DEAD;
}

/* Its memory back. */
static inline void
child_forget(const struct child *c)
{
	if (child_lives(c))
		(void)sys_env_kill(APP_CAP_SELF, c->env);
	(void)page_free(c->pfn, c->pages);
}

/* Let it run until it ends; the exception it died of, 0 for an exit. */
static inline uint32_t
child_end(const struct child *c)
{
	while (child_lives(c))
		(void)sys_yield(c->env);
	(void)page_free(c->pfn, c->pages);
	return child_info(c)->exit_cause >> 2 & 31;
}

/* --- the shared page: a word each way, and room ------------------------------- */

struct shared {
	uint32_t request; /* of the parent; the child counts up with it */
	uint32_t answered;
	int32_t result[16];
	struct sp_cap name; /* of the child: what its frames are called */
	uint32_t pfn;
};

static inline struct shared *
shared(void)
{
	return (struct shared *)SHARED_VA;
}

/* The child: wait for the next request. */
static inline void
child_wait(void)
{
	mmio_store(&shared()->answered, shared()->answered + 1);
	while (mmio_load(&shared()->request) < shared()->answered)
		(void)sys_yield(0);
}

/* The parent: let the child go on to its next child_wait(), or its end. */
static inline void
child_step(const struct child *c)
{
	uint32_t next = ++shared()->request + 1;

	while (child_lives(c) && mmio_load(&shared()->answered) < next)
		(void)sys_yield(c->env);
}

#endif /* TESTS_SYSTEM_APPS_CHILD_H */
