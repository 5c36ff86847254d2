/*
 * attack_memory.c - frames, mappings and system-call arguments that are not its
 * own or not there.
 */
#include "tests/attack/attack.h"

static int32_t
map(uint32_t va, uint32_t pfn, uint32_t count, uint32_t flags)
{
	const struct sp_map m = {
		.va = va, .pfn = pfn, .count = count, .flags = flags
	};

	return sys_map(&m);
}

static int32_t
alloc(uint32_t count, uint32_t align, uint32_t pfn)
{
	return sys_page_alloc(APP_CAP_SELF, count, align, pfn);
}

static void
bad_calls(void)
{
	static struct sp_run run = { .frames_bytes = ~0u };

	tried("console-top", sys_console(1, (void *)0x7ffffff0, ~0u));
	tried("console-kernel", sys_console(1, (void *)KERNEL_VA, 16));
	tried("console-own-name", sys_console(0, "no", 2));
	tried("console-no-cap", sys_console(~0u, "no", 2));
	tried("call-unknown",
		sys_call((enum sp_call)SP_CALL_COUNT, 0, 0, 0, 0));
	tried("call-wrap", sys_call((enum sp_call)0x40000001, 0, 0, 0, 0));
	tried("pct-yield-nobody", sys_call((enum sp_call) - 1, 0, 0, 0, 0));
	tried("map-pointer", sys_map((void *)KERNEL_VA));
	tried("map-pointer-0", sys_map(NULL));
	tried("halt", sys_halt(APP_CAP_SELF, 1));
	tried("irq-bind", sys_irq_bind(APP_CAP_SELF, 4));
	tried("irq-ack", sys_irq_ack(APP_CAP_CONSOLE, 4));
	tried("filter-run", sys_filter_run(APP_CAP_SELF, &run));
	tried("wait-nothing", sys_wait(0));
	tried("yield-nobody", sys_yield(0xffffff));
}

static void
bad_allocations(void)
{
	tried("alloc-0", alloc(0, 0, PFN_ANY));
	tried("alloc-many", alloc(1025, 0, PFN_ANY));
	tried("alloc-wrap", alloc(~0u, 0, PFN_ANY));
	tried("alloc-align", alloc(1, 32, PFN_ANY));
	tried("alloc-kernel", alloc(1, 0, KERNEL_PFN));
	tried("alloc-vectors", alloc(1, 0, 0));
	tried("alloc-beyond", alloc(2, 0, app_info()->pages_total - 1));
	tried("alloc-pfn-wrap", alloc(2, 0, ~0u - 1));
	tried("alloc-no-cap", sys_page_alloc(77, 1, 0, PFN_ANY));
}

static void
bad_mappings(void)
{
	int32_t pfn = alloc(1, 0, PFN_ANY), code = SP_OK;
	uint32_t own = (uint32_t)pfn, n = 0;

	tried("map-info", map(SP_INFO_VA, own, 1, SP_MAP_WRITE));
	tried("map-into-info", map(SP_INFO_VA - SP_PAGE, own, 2, 0));
	tried("map-page-0", map(0, own, 1, SP_MAP_WRITE));
	tried("map-kernel-va", map((uint32_t)KERNEL_VA, own, 1, SP_MAP_WRITE));
	tried("map-odd", map(SPARE_VA + 1, own, 1, SP_MAP_WRITE));
	tried("map-none", map(SPARE_VA, own, 0, SP_MAP_WRITE));
	tried("map-wrap", map(SPARE_VA, own, ~0u, SP_MAP_WRITE));
	tried("map-over-top", map(SP_USER_TOP - SP_PAGE, own, 2, 0));
	tried("map-flags", map(SPARE_VA, own, 1, 0xff));
	tried("map-device", map(SPARE_VA, 0x1f000, 1, SP_MAP_DEVICE));
	tried("map-registers", map(SPARE_VA, 0x1f000, 1, SP_MAP_WRITE));
	tried("map-pfn-wrap", map(SPARE_VA, ~0u, 2, SP_MAP_WRITE));
	tried("map-pfn-shifted", map(SPARE_VA, own | 0x04000000, 1, 0));
	tried("unmap-info", sys_unmap(APP_CAP_SELF, 0, SP_INFO_VA, 1));
	while (code == SP_OK && n < 4096)
		code = map(SPARE_VA + n++ * SP_PAGE, own, 1, SP_MAP_WRITE);
	tried("map-fill", code);
	for (uint32_t i = 0; i < n; i++)
		(void)sys_unmap(APP_CAP_SELF, 0, SPARE_VA + i * SP_PAGE, 1);
	tried("map-free", sys_page_free(APP_CAP_SELF, own, 1));
}

/* Pages that all lie together in the kernel's table would make every miss a long
 * search with interrupts off. */
static void
colliding_mappings(void)
{
	int32_t pfn = alloc(1, 0, PFN_ANY), code = SP_OK;
	uint32_t n = 0, vpn;

	for (vpn = 0x1000; code == SP_OK && vpn < 0x70000; vpn++)
		if (((vpn * 0x9e3779b1u >> 16 & 1023) - 0x300) < 4) {
			code = map(vpn * SP_PAGE, (uint32_t)pfn, 1, 0);
			n++;
		}
	tried("map-collide", code);
	tried("map-collide-early", n > 64 ? SP_EFULL : SP_OK);
	while (--vpn >= 0x1000)
		if (((vpn * 0x9e3779b1u >> 16 & 1023) - 0x300) < 4)
			(void)sys_unmap(APP_CAP_SELF, 0, vpn * SP_PAGE, 1);
	tried("map-collide-free",
		sys_page_free(APP_CAP_SELF, (uint32_t)pfn, 1));
}

/* Of all frames there are, one that is somebody else's. */
static void
others_frames(void)
{
	int32_t seen = SP_ENOSYS, freed = SP_ENOSYS, code;

	for (uint32_t pfn = 0; pfn < app_info()->pages_total + 64; pfn++) {
		code = map(SPARE_VA, pfn, 1, 0);
		seen = code > seen ? code : seen;
		code = sys_page_free(APP_CAP_SELF, pfn, 1);
		freed = code > freed ? code : freed;
	}
	tried("map-any-frame", seen);
	tried("free-any-frame", freed);
}

static void
freed_frames(void)
{
	uint32_t pfn = own_pages(SPARE_VA, 1);

	tried("free-mapped", sys_page_free(APP_CAP_SELF, pfn, 1));
	tried("free-mapped-twice", sys_page_free(APP_CAP_SELF, pfn, 1));
	tried("free-mapped-map", map(SPARE_VA + SP_PAGE, pfn, 1, 0));
	tried("free-mapped-read", sys_console(1, (void *)SPARE_VA, 1));
	tried("free-mapped-take", alloc(1, 0, pfn));
	tried("free-taken-read", sys_console(1, (void *)SPARE_VA, 1));
	tried("free-own", sys_page_free(APP_CAP_SELF, pfn, 1));
	tried("free-own-twice", sys_page_free(APP_CAP_SELF, pfn, 1));
	tried("free-wrap", sys_page_free(APP_CAP_SELF, ~0u, 2));
	tried("free-none", sys_page_free(APP_CAP_SELF, pfn, 0));
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	bad_calls();
	bad_allocations();
	bad_mappings();
	colliding_mappings();
	others_frames();
	freed_frames();
	(void)own_pages(SPARE_VA, 200); /* the kernel's to take back */
	tried("done", 0);
	return 0;
}
