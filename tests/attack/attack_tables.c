/*
 * attack_tables.c - everything there is a table for, until it is full; and again,
 * as much as before, when it has been given back.
 *
 * Its flow is Ethernet type 0x88b7.
 */
#include "apps/lib/mem.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/fate.h"
#include "tests/attack/lib/flow.h"

enum {
	TYPE = 0x88b7,
	MANY = SP_MAX_BINDINGS + 1,
	STLB_PAGES = 9000, /* more than the STLB has halves */
	BOUND_VA = 0x28000000,
};

static uint32_t flow;
static uint32_t got[MANY];

/* Makes one, number N; a name that undo() takes, or a code. */
typedef int32_t make_t(uint32_t n);
typedef int32_t undo_t(uint32_t name);

/* MAKE until it refuses with WANT; all undone again.  Returns how many. */
static uint32_t
fill(make_t *make, undo_t *undo, int32_t *refusal)
{
	uint32_t n = 0;
	int32_t id = 0;

	while (n < MANY && (id = make(n)) >= 0)
		got[n++] = (uint32_t)id;
	attempt_audit("full");
	*refusal = id;
	for (uint32_t i = n; i > 0; i--)
		if (undo(got[i - 1]) < 0)
			print("attack: WRONG: %u is not given back\n", i - 1);
	return n;
}

static void
exhaust(const char *name, int32_t want, make_t *make, undo_t *undo)
{
	int32_t first, second;
	uint32_t n = fill(make, undo, &first);
	uint32_t m = fill(make, undo, &second);

	if (n == 0 || n != m || first != want || second != want)
		print("attack: %s WRONG %u then %u, %d, %d\n", name, n, m,
			(int)first, (int)second);
	attempt_holds(name, n > 0 && n == m && first == want);
}

static int32_t
make_env(uint32_t n)
{
	static const char name[SP_NAME] = "one-of-many";

	(void)n;
	return sys_env_create(APP_CAP_SELF, name);
}

static int32_t
kill(uint32_t env)
{
	return sys_env_kill(APP_CAP_SELF, env);
}

static int32_t
make_flow(uint32_t n)
{
	const struct type_filter f = type_filter(TYPE, n & 0xff);

	return flow_give(flow, &f, 0);
}

static int32_t
drop_flow(uint32_t id)
{
	return sys_flow_drop(APP_CAP_SELF, id);
}

static uint32_t ring_pfn;

static int32_t
make_ring(uint32_t n)
{
	(void)n;
	return sys_ring_create(APP_CAP_SELF, 0, ring_pfn, 2);
}

static int32_t
destroy_ring(uint32_t id)
{
	return sys_ring_destroy(APP_CAP_SELF, id);
}

static uint32_t ring;

static int32_t
make_binding(uint32_t n)
{
	struct type_filter f = type_filter(TYPE, 0);
	struct sp_bind b = bind_to(flow, &f, 0, SP_TO_RING, ring);

	f.node[1].width = 2;
	f.node[1].mask = 0xffff;
	f.node[1].value = n;
	return sys_bind(APP_CAP_SELF, &b);
}

static int32_t
unbind(uint32_t id)
{
	return sys_unbind(APP_CAP_SELF, id);
}

static int32_t
make_handler(uint32_t n)
{
	struct sp_ash a = { .code_bits = 8, .data_bits = 12, .name = "many" };

	(void)n;
	return sys_ash_reserve(APP_CAP_SELF, 0, &a);
}

static int32_t
remove_handler(uint32_t id)
{
	return sys_ash_remove(APP_CAP_SELF, id);
}

static int32_t
make_frames(uint32_t n)
{
	(void)n;
	return sys_page_alloc(APP_CAP_SELF, 256, 0, PFN_ANY);
}

static int32_t
free_frames(uint32_t pfn)
{
	return sys_page_free(APP_CAP_SELF, pfn, 256);
}

static uint32_t map_pfn;

static int32_t
make_mapping(uint32_t n)
{
	const struct sp_map m = { .va = BOUND_VA + n * SP_PAGE,
		.pfn = map_pfn,
		.count = 1,
		.flags = SP_MAP_WRITE };
	int32_t err = sys_map(&m);

	return err < 0 ? err : (int32_t)n;
}

static int32_t
unmap(uint32_t n)
{
	return sys_unmap(APP_CAP_SELF, 0, BOUND_VA + n * SP_PAGE, 1);
}

static int32_t
take_slice(uint32_t n)
{
	for (uint32_t at = 0; at < SP_SLICES; at++)
		if (app_info()->slice[at] == 0 &&
			sys_slice_take(APP_CAP_SELF, 0, at) == SP_OK)
			return (int32_t)at;
	(void)n;
	return SP_EFULL; /* there is none to name */
}

static int32_t
free_slice(uint32_t at)
{
	return sys_slice_free(APP_CAP_SELF, at);
}

/* All of memory in single frames, by a child that then ends: everything is back. */
static int
hoards_memory(uint32_t arg)
{
	uint32_t n = 0;

	(void)arg;
	while (sys_page_alloc(APP_CAP_SELF, 64, 0, PFN_ANY) >= 0)
		n++;
	while (sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY) >= 0)
		n++;
	shared_set(1, app_info()->pages_free);
	if (sys_env_create(APP_CAP_SELF, "without-memory-012345678") !=
		SP_ENOMEM)
		return 11;
	return n > 0 ? 12 : 13;
}

/* One frame at more pages than the STLB has room for; each holds what it should. */
static int
floods_stlb(uint32_t arg)
{
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY);

	(void)arg;
	for (uint32_t i = 0; i < STLB_PAGES; i++) {
		uint32_t va = BOUND_VA + i * SP_PAGE;

		if (sys_tlb_write(
			    APP_CAP_SELF, va, (uint32_t)pfn, SP_MAP_WRITE) < 0)
			return 14;
		mmio_store((uint32_t *)(uintptr_t)va, i);
		if (mmio_load((uint32_t *)(uintptr_t)va) != i)
			return 15;
	}
	return sys_page_free(APP_CAP_SELF, (uint32_t)pfn, 1) == SP_OK ? 16 : 17;
}

/* Every slot of its own capabilities, and then they are as they were. */
static void
capability_slots(void)
{
	struct sp_cap c = own_name(SP_CAP_READ), none = { 0 };
	int32_t worst = SP_OK, code;

	for (uint32_t slot = 3; slot < SP_CAP_SLOTS; slot++) {
		code = sys_cap_grant(APP_CAP_SELF, 0, slot, &c);
		worst = code < worst ? code : worst;
	}
	refused("slots", SP_OK, worst);
	refused("slots-behind", SP_EINVAL,
		sys_cap_grant(APP_CAP_SELF, 0, SP_CAP_SLOTS, &c));
	for (uint32_t slot = 3; slot < SP_CAP_SLOTS; slot++)
		(void)sys_cap_grant(APP_CAP_SELF, 0, slot, &none);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t free;

	(void)a0;
	(void)a1;
	flow = flow_await();
	ring_pfn = own_pages(SPARE_VA, 2);
	map_pfn = ring_pfn;
	exhaust("environments", SP_EFULL, make_env, kill);
	exhaust("flows", SP_EFULL, make_flow, drop_flow);
	exhaust("rings", SP_EFULL, make_ring, destroy_ring);
	exhaust("handlers", SP_EFULL, make_handler, remove_handler);
	exhaust("frames", SP_ENOMEM, make_frames, free_frames);
	exhaust("slices", SP_EFULL, take_slice, free_slice);
	exhaust("mappings", SP_EFULL, make_mapping, unmap);
	ring = (uint32_t)make_ring(0);
	exhaust("bindings", SP_ENOMEM, make_binding, unbind); /* templates */
	(void)destroy_ring(ring);
	capability_slots();
	fate("floods-stlb", 16, floods_stlb, 0);
	free = app_info()->pages_free;
	fate("hoards-memory", 12, hoards_memory, 0);
	attempt_holds("memory-was-empty", shared_get(1) == 0);
	attempt_holds("memory-is-back", app_info()->pages_free == free);
	drop_pages(SPARE_VA, ring_pfn, 2);
	attempt_done();
	return 0;
}
