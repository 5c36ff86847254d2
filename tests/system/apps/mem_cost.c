/*
 * mem_cost.c - what memory costs: prints "cost: NAME COUNTS", the least of many
 * tries, CP0 Count from before to after.
 */
#include "apps/lib/context.h"
#include "tests/system/apps/mem.h"

enum {
	TRIES = 64,
	VA = 0x20344000,
	BESIDE = VA + SP_STLB_SLOTS * 2 * SP_PAGE, /* the same slot */
};

static uint32_t pfn, other;

/* The TLB is cleared whenever something is freed; a page of its own pair. */
static void
clear_tlb(void)
{
	(void)page_free((uint32_t)alloc(1, 0, PFN_ANY), 1);
}

static void
nothing(void)
{
}

static void
bind(void)
{
	(void)sys_tlb_write(APP_CAP_SELF, VA, pfn, SP_MAP_WRITE);
}

static void
bind_beside(void)
{
	(void)sys_tlb_write(APP_CAP_SELF, BESIDE, pfn, SP_MAP_WRITE);
}

static void
unbind(void)
{
	(void)sys_tlb_delete(VA, 1);
}

static void
map(void)
{
	(void)map_at(0, VA, pfn, 1, SP_MAP_WRITE);
}

static void
unmap(void)
{
	(void)sys_unmap(APP_CAP_SELF, 0, VA, 1);
}

static void
load(void)
{
	(void)mmio_load(word_at(VA));
}

static void
take(void)
{
	other = (uint32_t)alloc(1, 0, PFN_ANY);
}

static void
give_back(void)
{
	(void)page_free(other, 1);
}

static void
map_other(void)
{
	(void)map_at(0, VA, other, 1, SP_MAP_WRITE);
}

static int
fault(struct exception *x)
{
	return sys_tlb_write(APP_CAP_SELF, x->badvaddr & ~0xfffu, pfn, 0);
}

/* What RUN costs after BEFORE, which is not counted. */
static void
cost(const char *name, void (*before)(void), void (*run)(void),
	void (*after)(void))
{
	uint32_t least = ~0u;

	for (int i = 0; i < TRIES; i++) {
		uint32_t from, to;

		before();
		from = sys_count();
		run();
		to = sys_count();
		after();
		if (to - from < least)
			least = to - from;
	}
	print("cost: %s %u\n", name, least);
}

static void
take_and_map(void)
{
	take();
	map_other();
}

/* In the STLB, but not in the TLB. */
static void
map_and_clear(void)
{
	map();
	load();
	clear_tlb();
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	pfn = (uint32_t)alloc(1, 0, PFN_ANY);
	if (exception_set_fault(fault) < 0)
		return 1;
	cost("nothing", nothing, nothing, nothing);
	cost("tlb-write", bind, bind, unbind);
	cost("tlb-write-collision", bind_beside, bind, unbind);
	cost("tlb-delete", bind, unbind, nothing);
	cost("miss-to-handler", unbind, load, nothing);
	cost("map", nothing, map, unmap);
	cost("unmap", map, unmap, nothing);
	cost("page-alloc", nothing, take, give_back);
	cost("page-free", take, give_back, nothing);
	cost("page-free-mapped", take_and_map, give_back, nothing);
	cost("miss-to-mapping", map, load, nothing);
	cost("miss-to-stlb", map_and_clear, load, nothing);
	return 0;
}
