/*
 * spawn.c - copy this program into a child.
 */
#include "spawn.h"

#include "layout.h"
#include "mem.h"
#include "syscall.h"

extern const char _start[], image_data[], image_end[];

static uint32_t text_pfn; /* of a copy of the text that we own; 0: none yet */

static uint32_t
text_pages(void)
{
	return (sys_addr(image_data) - sys_addr(_start)) / SP_PAGE;
}

static uint32_t
data_pages(void)
{
	return (sys_addr(image_end) - sys_addr(image_data) + SP_PAGE - 1) /
	       SP_PAGE;
}

static int
map(uint32_t env, uint32_t va, uint32_t pfn, uint32_t count, uint32_t flags)
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

/* COUNT own frames, the first BYTES of them a copy of what is at FROM. */
static int
copied(const void *from, uint32_t bytes, uint32_t count)
{
	int pfn = sys_page_alloc(APP_CAP_SELF, count, 0, PFN_ANY);

	if (pfn < 0)
		return pfn;

	int err = map(0, SPAWN_WINDOW, (uint32_t)pfn, count, SP_MAP_WRITE);

	if (err < 0) {
		(void)sys_page_free(APP_CAP_SELF, (uint32_t)pfn, count);
		return err;
	}
	memcpy((void *)SPAWN_WINDOW, from, bytes);
	sys_sync_code((void *)SPAWN_WINDOW, bytes);
	(void)sys_unmap(APP_CAP_SELF, 0, SPAWN_WINDOW, count);
	return pfn;
}

int
spawn_create(struct spawn *s, const char *name)
{
	int env = sys_env_create(APP_CAP_SELF, name);

	memset(s, 0, sizeof(*s));
	if (env > 0)
		s->env = (uint32_t)env;
	return env;
}

/* Text, data and stack: all the child has. */
static int
fill(struct spawn *s)
{
	uint32_t data = data_pages();
	int pfn;

	if (text_pfn == 0) {
		pfn = copied(_start, text_pages() * SP_PAGE, text_pages());
		if (pfn < 0)
			return pfn;
		text_pfn = (uint32_t)pfn;
	}
	pfn = copied(image_data, sys_addr(image_end) - sys_addr(image_data),
		data + SPAWN_STACK_PAGES);
	if (pfn < 0)
		return pfn;
	s->pfn = (uint32_t)pfn;
	s->pages = data + SPAWN_STACK_PAGES;

	int err = map(s->env, sys_addr(_start), text_pfn, text_pages(), 0);

	if (err == SP_OK)
		err = map(s->env, sys_addr(image_data), s->pfn, data,
			SP_MAP_WRITE);
	if (err == SP_OK)
		err = map(s->env, SP_STACK_TOP - SPAWN_STACK_PAGES * SP_PAGE,
			s->pfn + data, SPAWN_STACK_PAGES, SP_MAP_WRITE);
	return err;
}

/* Where a child begins: crt0.S has run in the parent, so the stack is made to
 * look as if somebody had called. */
_Noreturn static void
begin(int (*run)(uint32_t), uint32_t arg)
{
	sys_exit(run(arg));
}

int
spawn_start(
	struct spawn *s, int (*run)(uint32_t), uint32_t arg, uint32_t slices)
{
	const struct sp_start start = {
		.pc = (uint32_t)(uintptr_t)begin,
		.sp = SP_STACK_TOP - 32,
		.a0 = (uint32_t)(uintptr_t)run,
		.a1 = arg,
		.slices = slices,
	};
	int err = fill(s);

	return err < 0 ? err : sys_env_start(APP_CAP_SELF, s->env, &start);
}

void
spawn_drop(struct spawn *s)
{
	if (s->env != 0)
		(void)sys_env_kill(APP_CAP_SELF, s->env);
	if (s->pages != 0)
		(void)sys_page_free(APP_CAP_SELF, s->pfn, s->pages);
	memset(s, 0, sizeof(*s));
}

int
spawn_lives(const struct spawn *s)
{
	const struct sp_env_info *e = &app_info()->env[s->env % SP_MAX_ENVS];

	return s->env != 0 && e->id == s->env && e->state != SP_ENV_DEAD;
}
