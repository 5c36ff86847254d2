/*
 * churn.c - environments with all there is, made, run and killed, again and again.
 *
 * Argument: how many.  Each gets slices, a flow, a ring, filters, a handler, a
 * child of its own, and ends in one of several ways.  Nothing may be lost: prints
 * "churn: LOST what" and "attack: ... AUDIT" if something is, at last "churn: done".
 */
#include "apps/lib/mem.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/flow.h"
#include "tests/attack/lib/spawn.h"

enum {
	TYPE = 0x88b6,
	RING_VA = 0x22000000,
	SHARED_VA = 0x23000000, /* one word: how far the child is */
	RING_PAGES = 3,
	SLICES = 2,
	STEPS = 3, /* of the child's, before it is killed */
	PATIENCE = 20000,
	IDS = 4096, /* of all environments that were made */
};

enum way { KILLED, EXITS, FAULTS, WAITS, BELOW, WAYS };

static struct victim {
	struct spawn child;
	uint32_t ring_pfn;
	enum way way;
} victim;

static uint32_t flow, shared_pfn;

/* --- the child ------------------------------------------------------------------- */

static uint32_t *
progress(void)
{
	return (uint32_t *)SHARED_VA;
}

static void
step(void)
{
	mmio_store(progress(), mmio_load(progress()) + 1);
	(void)sys_yield(0);
}

static int
grandchild(uint32_t steps)
{
	while (steps-- > 0)
		(void)sys_yield(0);
	return 0;
}

/* Frames, mappings of both kinds, an upcall entry: not given back. */
static void
spend(void)
{
	uint32_t pfn = own_pages(SPARE_VA, 5);

	(void)sys_call(SP_CALL_tlb_write, APP_CAP_SELF, SPARE_VA + 0x100000,
		pfn + 1, SP_MAP_WRITE);
	(void)sys_upcall_set((void (*)(void))(uintptr_t)SPARE_VA, NULL);
	(void)sys_upcall_set(NULL, NULL);
	(void)sys_page_alloc(APP_CAP_SELF, 7, 0, PFN_ANY);
	mmio_store((uint32_t *)SPARE_VA, 1);
}

static int
child_main(uint32_t way)
{
	struct spawn below;

	spend();
	step();
	if (way == BELOW || way == KILLED)
		if (spawn(&below, grandchild, ~0u) < 0)
			return 9;
	step();
	if (way == WAITS)
		(void)mmio_load((uint32_t *)SPARE_VA);
	step();
	switch (way) {
	case EXITS:
		return 7;
	case FAULTS:
		mmio_store((uint32_t *)(uintptr_t)KERNEL_VA, 1);
		return 8;
	case WAITS:
		for (;;)
			(void)sys_wait(SP_EVENT_CHILD);
	default:
		for (;;)
			step();
	}
}

/* --- its equipment ------------------------------------------------------------------ */

static int32_t
map_for(uint32_t env, uint32_t va, uint32_t pfn, uint32_t count)
{
	const struct sp_map m = {
		.env = env,
		.va = va,
		.pfn = pfn,
		.count = count,
		.flags = SP_MAP_WRITE,
	};

	return sys_map(&m);
}

static int32_t
bind_handler(uint32_t env, uint32_t in)
{
	static uint32_t code[IMAGE_WORDS];
	const struct type_filter f = type_filter(TYPE, 2);
	struct sp_ash a = { .code_bits = 8, .data_bits = 12, .name = "churn" };
	int32_t id = sys_ash_reserve(APP_CAP_SELF, env, &a);
	struct sp_ash_code c = handler_image(code, &a, 1);
	struct sp_bind b = bind_to(in, &f, env, SP_TO_ASH, (uint32_t)id);
	int32_t err =
		id < 0 ? id : sys_ash_install(APP_CAP_SELF, (uint32_t)id, &c);

	return err < 0 ? err : sys_bind(APP_CAP_SELF, &b);
}

/* Its flow of byte 14 = 1 is its own; that of 2 we bind for it in ours. */
static int32_t
bind_ring(struct victim *v)
{
	const struct type_filter f = type_filter(TYPE, 1);
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, RING_PAGES, 0, PFN_ANY);
	int32_t in = flow_give(flow, &f, v->child.env);
	int32_t ring;

	if (pfn < 0 || in < 0)
		return pfn < 0 ? pfn : in;
	v->ring_pfn = (uint32_t)pfn;
	ring = sys_ring_create(
		APP_CAP_SELF, v->child.env, v->ring_pfn, RING_PAGES);
	if (ring < 0)
		return ring;

	struct sp_bind b = bind_to(
		(uint32_t)in, &f, v->child.env, SP_TO_RING, (uint32_t)ring);
	int32_t err = sys_bind(APP_CAP_SELF, &b);

	return err < 0 ? err
		       : map_for(v->child.env, RING_VA, v->ring_pfn,
				 RING_PAGES);
}

static int32_t
make(struct victim *v, enum way way)
{
	int32_t err = spawn_create(&v->child, "churn-0123456789abcdefg");

	v->way = way;
	mmio_store(progress(), 0);
	if (err > 0)
		err = map_for(v->child.env, SHARED_VA, shared_pfn, 1);
	if (err == SP_OK)
		err = bind_ring(v);
	if (err >= 0)
		err = bind_handler(v->child.env, flow);
	if (err >= 0)
		err = spawn_start(&v->child, child_main, way, SLICES);
	return err;
}

/* Far enough, or dead by itself. */
static int
ran(const struct victim *v)
{
	for (uint32_t i = 0; i < PATIENCE; i++) {
		if (!spawn_lives(&v->child))
			return 1;
		if (mmio_load(progress()) >= STEPS && v->way != EXITS &&
			v->way != FAULTS)
			return 1;
		(void)sys_yield(v->child.env);
	}
	return 0;
}

static void
unmake(struct victim *v)
{
	spawn_drop(&v->child);
	if (v->ring_pfn != 0)
		(void)sys_page_free(APP_CAP_SELF, v->ring_pfn, RING_PAGES);
	v->ring_pfn = 0;
}

/* --- what must not get less ------------------------------------------------------------ */

struct census {
	uint32_t pages_free, pages, envs, slices, flows, bindings, handlers;
};

static struct census
count(void)
{
	const struct sp_info *info = app_info();
	struct census c = {
		.pages_free = info->pages_free,
		.pages = info->env[(uint32_t)sys_self() % SP_MAX_ENVS].pages,
	};

	for (uint32_t i = 0; i < SP_MAX_ENVS; i++)
		c.envs += info->env[i].state != SP_ENV_FREE &&
			  info->env[i].state != SP_ENV_DEAD;
	for (uint32_t i = 0; i < SP_SLICES; i++)
		c.slices += info->slice[i] != 0;
	for (uint32_t i = 0; i < SP_MAX_FLOWS; i++)
		c.flows += info->flow[i].id != 0;
	for (uint32_t i = 0; i < SP_MAX_BINDINGS; i++)
		c.bindings += info->binding[i].id != 0;
	for (uint32_t i = 0; i < SP_MAX_ASHES; i++)
		c.handlers += info->ash[i].id != 0;
	return c;
}

static void
compare(const struct census *now, const struct census *then)
{
	static const char *const names[] = { "free pages", "own pages",
		"environments", "slices", "flows", "bindings", "handlers" };
	const uint32_t *a = &now->pages_free, *b = &then->pages_free;

	for (uint32_t i = 0; i < ARRAY_LEN(names); i++)
		if (a[i] != b[i])
			print("churn: LOST %s: %u, not %u\n", names[i], a[i],
				b[i]);
}
_Static_assert(sizeof(struct census) == 7 * sizeof(uint32_t), "compare()");

/* How many environments there is room for, which are gone again. */
static uint32_t
room_for_envs(void)
{
	static const char name[SP_NAME] = "churn-room";
	uint32_t env[SP_MAX_ENVS], n = 0;
	int32_t id;

	while (n < SP_MAX_ENVS && (id = sys_env_create(APP_CAP_SELF, name)) > 0)
		env[n++] = (uint32_t)id;
	for (uint32_t i = 0; i < n; i++)
		(void)sys_env_kill(APP_CAP_SELF, env[i]);
	return n;
}

/* No name is given twice: who still holds the old one would own the new. */
static void
check_new(uint32_t env)
{
	static uint32_t seen[IDS], n;

	for (uint32_t i = 0; i < n; i++)
		if (seen[i] == env)
			print("churn: LOST generation: %08x again\n", env);
	if (n < IDS)
		seen[n++] = env;
}

static int
cycle(uint32_t i)
{
	int32_t err = make(&victim, (enum way)(i % WAYS));

	if (err < 0 || !ran(&victim)) {
		print("churn: LOST cycle %u: %d\n", i, (int)err);
		unmake(&victim);
		return 0;
	}
	check_new(victim.child.env);
	unmake(&victim);
	attempt_audit("churn");
	return 1;
}

static uint32_t
number(const char *s)
{
	uint32_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	return v;
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t cycles = a0 > 1 ? number(app_arg(a1, 1)) : 100;
	uint32_t room;
	struct census then, now;

	flow = flow_await();
	shared_pfn = own_pages(SHARED_VA, 1);
	room = room_for_envs();
	(void)cycle(0); /* what is kept for good */
	then = count();
	for (uint32_t i = 0; i < cycles && cycle(i); i++) {
		now = count();
		compare(&now, &then);
		if (i % 100 == 99)
			print("churn: %u\n", i + 1);
	}
	if (room_for_envs() != room)
		print("churn: LOST room for environments\n");
	print("churn: done\n");
	return 0;
}
