/*
 * mem_bind.c - bindings in the STLB, by the program itself.
 *
 * Argument 1, if any, is what makes the next access miss, which ends it: free,
 * delete, map-gone, read-only, collide, other-half.
 */
#include "apps/lib/mem.h"
#include "tests/system/apps/mem.h"

enum {
	STLB_SPAN = SP_STLB_SLOTS * 2 * SP_PAGE, /* same slot again */
	MAGIC = 0x600d,
};

static int32_t
bind(uint32_t va, uint32_t pfn, uint32_t flags)
{
	return sys_tlb_write(APP_CAP_SELF, va, pfn, flags);
}

/* A frame of ours with MAGIC + I in its first word. */
static uint32_t
frame_with(uint32_t i)
{
	int32_t pfn = alloc(1, 0, PFN_ANY);

	(void)map_at(0, SPARE_VA, (uint32_t)pfn, 1, SP_MAP_WRITE);
	mmio_store(word_at(SPARE_VA), MAGIC + i);
	(void)sys_unmap(APP_CAP_SELF, 0, SPARE_VA, 1);
	return (uint32_t)pfn;
}

static uint32_t
lo_of(uint32_t va)
{
	const struct sp_stlb *s = (const struct sp_stlb *)SP_STLB_VA;

	for (uint32_t i = 0; i < SP_STLB_SLOTS; i++)
		if ((s[i].tag & ~0x1fffu) == (va & ~0x1fffu))
			return s[i].lo[va / SP_PAGE & 1];
	return 0;
}

static uint32_t
read(uint32_t va)
{
	return mmio_load(word_at(va));
}

static void
refused(uint32_t pfn)
{
	said("bind-odd", bind(SPARE_VA + 4, pfn, 0));
	said("bind-0", bind(0, pfn, 0));
	said("bind-kernel", bind(0x80000000, pfn, 0));
	said("bind-top", bind(SP_USER_TOP, pfn, 0));
	said("bind-info", bind(SP_INFO_VA, pfn, 0));
	said("bind-device", bind(SPARE_VA, 0x1f000, SP_MAP_DEVICE));
	said("bind-flags", bind(SPARE_VA, pfn, 0x80));
	said("bind-no-cap", sys_tlb_write(99, SPARE_VA, pfn, 0));
	said("bind-console-cap", sys_tlb_write(1, SPARE_VA, pfn, 0));
	said("bind-kernel-frame", bind(SPARE_VA, 0x100, 0));
	said("bind-beyond", bind(SPARE_VA, 0x04000000 | pfn, 0));
	said("bind-mapped",
		bind((uint32_t)(uintptr_t)refused & ~0xfffu, pfn, 0));
	said("delete-odd", sys_tlb_delete(SPARE_VA + 8, 1));
	said("delete-none", sys_tlb_delete(SPARE_VA, 0));
	said("delete-wrap", sys_tlb_delete(SPARE_VA, ~0u));
	said("delete-info", sys_tlb_delete(SP_INFO_VA, 1));
	said("delete-nothing", sys_tlb_delete(SPARE_VA, 256));
}

static void
bound(uint32_t a, uint32_t b)
{
	uint32_t va = SPARE_VA + 16 * SP_PAGE;

	said("bind", bind(va, a, SP_MAP_WRITE));
	holds("read", read(va) == MAGIC + 1);
	mmio_store(word_at(va) + 1, 77);
	said("bind-twin", bind(va + SP_PAGE, b, 0));
	holds("twins",
		read(va) == MAGIC + 1 && read(va + SP_PAGE) == MAGIC + 2);
	holds("chained", frame_of(a)->bound != 0 && frame_of(b)->bound != 0);
	holds("unmapped", frame_of(a)->maps == 0);
	said("rebind", bind(va, b, 0));
	holds("rebound", read(va) == MAGIC + 2);
	holds("left-chain", frame_of(a)->bound == 0);
	said("bind-back", bind(va, a, SP_MAP_WRITE));
	holds("written", read(va + 4) == 77);
	said("uncached", bind(va, a, SP_MAP_WRITE | SP_MAP_UNCACHED));
	holds("is-uncached", (lo_of(va) >> 3 & 7) == 2);
	holds("uncached-read", read(va) == MAGIC + 1);
	said("console-reads", sys_console(1, (const void *)(uintptr_t)va, 0));
	said("delete", sys_tlb_delete(va, 2));
	said("console-misses", sys_console(1, (const void *)(uintptr_t)va, 1));
}

/* One page of a pair is mapped, the other one bound; both stay as they are. */
static void
mixed(uint32_t a, uint32_t b)
{
	uint32_t va = SPARE_VA + 32 * SP_PAGE;

	said("map-even", map_at(0, va, a, 1, SP_MAP_WRITE));
	said("bind-odd-page", bind(va + SP_PAGE, b, 0));
	holds("both", read(va) == MAGIC + 1 && read(va + SP_PAGE) == MAGIC + 2);
	said("bind-mapped-page", bind(va, b, 0));
	said("delete-both", sys_tlb_delete(va, 2));
	holds("mapped-stays", read(va) == MAGIC + 1);
	said("bind-again", bind(va + SP_PAGE, b, 0));
	said("map-over", map_at(0, va + SP_PAGE, a, 1, 0));
	holds("mapped-wins", read(va + SP_PAGE) == MAGIC + 1);
	said("map-uncached", map_at(0, va, a, 1, SP_MAP_UNCACHED));
	holds("reads-uncached",
		read(va) == MAGIC + 1 && (lo_of(va) >> 3 & 7) == 2);
	said("unmap", sys_unmap(APP_CAP_SELF, 0, va, 2));
}

/* More pages for one slot of the STLB than it and the TLB can hold. */
static void
storm(void)
{
	enum { PAGES = 24, ROUNDS = 50 };
	uint32_t pfn[PAGES];
	int right = 1;

	for (uint32_t i = 0; i < PAGES; i++)
		pfn[i] = frame_with(100 + i);
	for (uint32_t n = 0; n < ROUNDS * PAGES; n++) {
		uint32_t i = n * 7 % PAGES, va = 0x00800000 + i * STLB_SPAN;

		right &= bind(va + (n & 1) * SP_PAGE, pfn[i], 0) == 0;
		right &= read(va + (n & 1) * SP_PAGE) == MAGIC + 100 + i;
	}
	holds("storm", right);
	for (uint32_t i = 0; i < PAGES; i++)
		(void)page_free(pfn[i], 1);
	holds("storm-over", lo_of(0x00800000) == 0);
}

/* What must miss, by WAY; only the first access is to succeed. */
static void
miss(const char *way, uint32_t a, uint32_t b)
{
	uint32_t va = SPARE_VA + 16 * SP_PAGE;
	uint32_t beyond = va + STLB_SPAN;

	(void)bind(va, a, way[0] == 'r' ? 0 : SP_MAP_WRITE);
	print("mem: %s %x\n", way, read(va));
	if (str_equal(way, "free"))
		(void)page_free(a, 1);
	else if (str_equal(way, "delete"))
		(void)sys_tlb_delete(va, 1);
	else if (str_equal(way, "map-gone")) {
		(void)map_at(0, va, b, 1, 0);
		(void)sys_unmap(APP_CAP_SELF, 0, va, 1);
	} else if (str_equal(way, "read-only"))
		mmio_store(word_at(va), 0);
	else if (str_equal(way, "other-half"))
		va += SP_PAGE;
	else {
		/* The TLB may still know it, until anything is freed. */
		(void)bind(beyond, b, 0);
		(void)page_free(frame_with(3), 1);
	}
	print("mem: alive %x\n", read(va));
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t a = frame_with(1), b = frame_with(2);

	if (a0 > 1) {
		miss(app_arg(a1, 1), a, b);
		return 1;
	}
	refused(a);
	bound(a, b);
	mixed(a, b);
	storm();
	(void)bind(SPARE_VA, a, 0); /* the kernel's to forget */
	said("done", 0);
	return 0;
}
