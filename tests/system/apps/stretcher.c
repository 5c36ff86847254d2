/*
 * stretcher.c - an application that keeps the kernel busy for as long as it can.
 *
 * Argument "calls": whenever frames come, makes the system calls that have most to
 * do, in turn, and echoes the frames, each in four pieces; prints "stretcher: round
 * N" after round N.  Argument "big": takes as many pages and mappings as it
 * gets, prints "stretcher: big" and sleeps, so that there is much to do when it
 * is ended.  Argument "asleep": sleeps until eight things hold, of which the last one
 * never does.
 */
#include "apps/lib/app.h"
#include "apps/lib/echo.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"

enum {
	PAGES = 1024, /* most of one call */
	MAPS = 256,
	BIG_PAGES = 4096,
	SPARE_VA = 0x20000000,
	RING_PAGES = 33,
	ASH_BITS = 16,
	DATA_BITS = 20,
	TEXT = 256, /* most of one call */
};

static char text[TEXT];

/* Echo what is there, as four pieces. */
static void
echo(void)
{
	struct sp_ring *r = ring_get();

	while (ring_waiting(r) > 0) {
		uint32_t slot = ring_slot(r), len = r->slot[slot].len;
		uint32_t *w = ring_slot_words(slot);
		struct sp_piece piece[SP_GATHER];

		for (uint32_t i = 0; i < SP_GATHER; i++) {
			piece[i].va = sys_addr(w) + SP_RING_FRAME_AT +
				      i * (len / SP_GATHER);
			piece[i].len = i < SP_GATHER - 1
					       ? len / SP_GATHER
					       : len - i * (len / SP_GATHER);
		}
		if (echo_turn(w, len))
			(void)sys_net_send(APP_CAP_SELF, piece, SP_GATHER);
		ring_next(r);
	}
}

/* Map COUNT pages from PFN on, and use them: they are in STLB and TLB then. */
static bool
map(uint32_t va, uint32_t pfn, uint32_t count)
{
	struct sp_map m = {
		.va = va, .pfn = pfn, .count = count, .flags = SP_MAP_WRITE
	};

	if (sys_map(&m) < 0)
		return false;
	for (uint32_t i = 0; i < count; i++)
		mmio_store((uint32_t *)(uintptr_t)(va + i * SP_PAGE), i);
	return true;
}

static void
pages(void)
{
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, PAGES, 0, PFN_ANY);

	if (pfn < 0)
		return;
	for (uint32_t i = 0; i < PAGES; i += MAPS) {
		(void)map(SPARE_VA, (uint32_t)pfn + i, MAPS);
		echo();
	}
	(void)sys_unmap(APP_CAP_SELF, 0, SPARE_VA, MAPS);
	(void)sys_page_free(APP_CAP_SELF, (uint32_t)pfn, PAGES);
	/* Mapped when it is freed. */
	pfn = sys_page_alloc(APP_CAP_SELF, MAPS, 0, PFN_ANY);
	if (pfn < 0)
		return;
	(void)map(SPARE_VA, (uint32_t)pfn, MAPS);
	(void)sys_page_free(APP_CAP_SELF, (uint32_t)pfn, MAPS);
	(void)sys_unmap(APP_CAP_SELF, 0, SPARE_VA, MAPS);
	echo();
}

static void
rings(void)
{
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, RING_PAGES, 0, PFN_ANY);
	int32_t id =
		sys_ring_create(APP_CAP_SELF, 0, (uint32_t)pfn, RING_PAGES);

	(void)sys_ring_destroy(APP_CAP_SELF, (uint32_t)id);
	(void)sys_page_free(APP_CAP_SELF, (uint32_t)pfn, RING_PAGES);
}

static void
handlers(void)
{
	struct sp_ash a = { .code_bits = ASH_BITS, .data_bits = DATA_BITS };
	int32_t id = sys_ash_reserve(APP_CAP_SELF, 0, &a);
	/* Nowhere to say where the regions are: they go again. */
	static const struct sp_ash mute = { .code_bits = ASH_BITS,
		.data_bits = DATA_BITS };
	struct sp_ash_code code = {
		.code_va = SP_USER_BASE, /* no handler, but words */
		.words = 1024,
		.data_va = SP_USER_BASE,
		.data_bytes = SP_PAGE,
	};

	(void)sys_ash_install(APP_CAP_SELF, (uint32_t)id, &code);
	(void)sys_ash_remove(APP_CAP_SELF, (uint32_t)id);
	(void)sys_ash_reserve(
		APP_CAP_SELF, 0, (struct sp_ash *)sys_addr(&mute));
}

static void
children(void)
{
	int32_t id = sys_env_create(APP_CAP_SELF, "child\0.................");

	if (id > 0)
		(void)sys_env_kill(APP_CAP_SELF, (uint32_t)id);
}

/* What looks at many frames, pages or capabilities at once. */
static void
names(void)
{
	static const struct sp_acl nobody;
	const struct sp_cap cap = {
		.rights = SP_CAP_ALL, .len = SP_CAP_NAME, .name = { 1 }
	};
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, PAGES, 0, PFN_ANY);

	(void)sys_page_acl(APP_CAP_SELF, (uint32_t)pfn, PAGES, &nobody);
	for (uint32_t i = 0; i < MAPS; i++)
		(void)sys_tlb_write(APP_CAP_SELF, SPARE_VA + i * SP_PAGE,
			(uint32_t)pfn, SP_MAP_WRITE);
	(void)sys_tlb_delete(SPARE_VA, MAPS);
	for (uint32_t i = 0; i < MAPS; i++)
		(void)sys_tlb_write(APP_CAP_SELF, SPARE_VA + i * SP_PAGE,
			(uint32_t)pfn, SP_MAP_WRITE);
	(void)sys_page_free(APP_CAP_SELF, (uint32_t)pfn, PAGES);
	(void)sys_cap_revoke(APP_CAP_SELF, &cap);
}

static void
asleep(void)
{
	struct sp_predicate p = { .n = SP_TERMS };

	for (uint32_t i = 0; i < SP_TERMS; i++) {
		p.term[i].va = SP_INFO_VA;
		p.term[i].op = i < SP_TERMS - 1 ? SP_EQ : SP_NE;
		p.term[i].value = SP_INFO_MAGIC;
		p.term[i].tag = 1;
	}
	(void)sys_sleep_until(&p);
}

static void
calls(void)
{
	memset(text, '.', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	for (uint32_t round = 1;; round++) {
		(void)sys_wait(SP_EVENT_RING);
		pages();
		rings();
		handlers();
		children();
		names();
		(void)sys_console(APP_CAP_CONSOLE, text, sizeof(text));
		echo();
		print("stretcher: round %u\n", round);
	}
}

static void
big(void)
{
	uint32_t va = SPARE_VA;

	for (uint32_t got = 0; got < BIG_PAGES; got += PAGES) {
		int32_t pfn = sys_page_alloc(APP_CAP_SELF, PAGES, 0, PFN_ANY);

		for (uint32_t i = 0; pfn > 0 && i < PAGES; i += MAPS)
			if (map(va, (uint32_t)pfn + i, MAPS))
				va += MAPS * SP_PAGE;
	}
	print("stretcher: big\n");
	(void)sys_wait(SP_EVENT_CHILD);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	if (a0 > 1 && app_arg(a1, 1)[0] == 'b')
		big();
	else if (a0 > 1 && app_arg(a1, 1)[0] == 'a')
		asleep();
	else
		calls();
	return 0;
}
