/*
 * fate.c - start a child, wait, look at how it ended.
 */
#include "tests/attack/lib/fate.h"

#include "apps/lib/mem.h"
#include "tests/attack/attack.h"

enum { LONG = 300 }; /* ticks that any child may take */

static uint32_t shared_pfn;

static uint32_t *
word(uint32_t i)
{
	return (uint32_t *)SHARED_VA + i % SHARED_WORDS;
}

uint32_t
shared_get(uint32_t i)
{
	return mmio_load(word(i));
}

void
shared_set(uint32_t i, uint32_t v)
{
	mmio_store(word(i), v);
}

int
fate_rest(uint32_t arg)
{
	(void)arg;
	while (sys_wait(SP_EVENT_CHILD) >= 0)
		;
	return 0;
}

int
fate_spin(uint32_t arg)
{
	while (mmio_load(word(SHARED_WORDS - 1)) == arg)
		;
	return 0;
}

static int
share_with(uint32_t env)
{
	struct sp_map m = {
		.env = env, .va = SHARED_VA, .count = 1, .flags = SP_MAP_WRITE
	};

	if (shared_pfn == 0)
		shared_pfn = own_pages(SHARED_VA, 1);
	m.pfn = shared_pfn;
	return sys_map(&m);
}

struct spawn
fate_begin(int (*run)(uint32_t), uint32_t arg)
{
	struct spawn s;
	int err = spawn_create(&s, "victim-0123456789abcdef");

	if (err > 0)
		err = share_with(s.env);
	memset((void *)SHARED_VA, 0, SP_PAGE);
	if (err == SP_OK)
		err = spawn_start(&s, run, arg, 1);
	if (err < 0) {
		print("attack: WRONG: no child: %d\n", err);
		spawn_drop(&s);
	}
	return s;
}

static int
waits(uint32_t since, uint32_t ticks)
{
	return app_info()->ticks - since < ticks;
}

int32_t
fate_end(struct spawn *s, uint32_t ticks)
{
	const struct sp_env_info *e = &app_info()->env[s->env % SP_MAX_ENVS];
	uint32_t since = app_info()->ticks;
	int32_t code = FATE_LIVES;

	while (spawn_lives(s) && waits(since, ticks))
		(void)sys_yield(s->env);
	if (!spawn_lives(s))
		code = e->exit_cause != 0 ? -(int32_t)(e->exit_cause >> 2 & 31)
					  : (int32_t)e->exit_code;
	spawn_drop(s);
	return code;
}

int
fate_until(const struct spawn *s, uint32_t i, uint32_t v, uint32_t ticks)
{
	uint32_t since = app_info()->ticks;

	while (shared_get(i) != v && spawn_lives(s) && waits(since, ticks))
		(void)sys_yield(s->env);
	return shared_get(i) == v;
}

int
fate_until_state(const struct spawn *s, uint32_t state, uint32_t ticks)
{
	const uint32_t *now = &app_info()->env[s->env % SP_MAX_ENVS].state;
	uint32_t since = app_info()->ticks;

	while (mmio_load(now) != state && spawn_lives(s) && waits(since, ticks))
		(void)sys_yield(s->env);
	return mmio_load(now) == state;
}

void
fate(const char *name, int32_t want, int (*run)(uint32_t), uint32_t arg)
{
	struct spawn s = fate_begin(run, arg);
	int32_t code = fate_end(&s, LONG);

	if (code != want)
		print("attack: %s WRONG ended with %d, not %d\n", name,
			(int)code, (int)want);
	attempt_holds(name, code == want);
}
