/*
 * mem_names.c - reads the kernel's frame table and STLB, and maps pages low.
 *
 * Argument 1, if any: what to break (frames, stlb, gap), which ends it.
 */
#include "tests/system/apps/mem.h"

/* Frames of one kind, or of one owner. */
static uint32_t
count_frames(int kind, uint32_t owner)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < app_info()->pages_total; i++)
		n += kind >= 0 ? frame_of(i)->kind == kind
			       : frame_of(i)->owner == owner;
	return n;
}

/* Others come and go: look again until nobody did. */
static int
free_list_is_right(void)
{
	for (int tries = 0; tries < 100; tries++) {
		uint32_t before = mmio_load(&app_info()->pages_free);
		uint32_t n = count_frames(SP_FRAME_FREE, 0);

		if (before == mmio_load(&app_info()->pages_free))
			return n == before;
	}
	return 0;
}

static void
names(void)
{
	uint32_t me = (uint32_t)sys_self() % SP_MAX_ENVS;
	int32_t pfn = alloc(3, 0, PFN_ANY);
	const struct sp_frame *f = frame_of((uint32_t)pfn);

	said("alloc", pfn);
	holds("free-list", free_list_is_right());
	holds("owned", count_frames(-1, me + 1) == app_info()->env[me].pages);
	holds("is-mine", f->owner == me + 1 && f->kind == SP_FRAME_USER);
	holds("is-unmapped", f->maps == 0 && f->pins == 0 && f->bound == 0);
	said("map", map_at(0, SPARE_VA, (uint32_t)pfn, 2, SP_MAP_WRITE));
	holds("is-mapped", f->maps == 1 && f[1].maps == 1 && f[2].maps == 0);
	said("free", page_free((uint32_t)pfn + 2, 1));
	holds("is-free", f[2].kind == SP_FRAME_FREE && f[2].owner == 0);
	holds("free-list-after", free_list_is_right());
}

/* The STLB says where our pages are. */
static void
translations(void)
{
	const struct sp_stlb *s = (const struct sp_stlb *)SP_STLB_VA;
	uint32_t found = 0, lo = 0;

	mmio_store(word_at(SPARE_VA), 1);
	for (uint32_t i = 0; i < SP_STLB_SLOTS; i++)
		if ((s[i].tag & ~0x1fffu) == SPARE_VA) {
			found++;
			lo = s[i].lo[0];
		}
	holds("stlb-entry", found == 1);
	holds("stlb-writable",
		(lo & SP_LO_VALID) != 0 && (lo & SP_LO_WRITE) != 0);
	holds("stlb-owner", frame_of(lo >> 6)->owner ==
				    (uint32_t)sys_self() % SP_MAX_ENVS + 1);
}

static void
low_pages(void)
{
	int32_t pfn = alloc(1, 0, PFN_ANY);

	said("map-0", map_at(0, 0, (uint32_t)pfn, 1, SP_MAP_WRITE));
	said("map-low", map_at(0, SP_PAGE, (uint32_t)pfn, 1, SP_MAP_WRITE));
	mmio_store(word_at(SP_PAGE + 8), 42);
	holds("low-word", mmio_load(word_at(SP_PAGE + 8)) == 42);
	said("map-frames", map_at(0, SP_FRAMES_VA, (uint32_t)pfn, 1, 0));
	said("map-stlb", map_at(0, SP_STLB_VA, (uint32_t)pfn, 1, 0));
	said("map-last",
		map_at(0, SP_EXPOSED_END - SP_PAGE, (uint32_t)pfn, 1, 0));
	said("map-after", map_at(0, SP_EXPOSED_END, (uint32_t)pfn, 1, 0));
	said("unmap-frames", sys_unmap(APP_CAP_SELF, 0, SP_FRAMES_VA, 1));
}

int
app_main(uint32_t a0, uint32_t a1)
{
	const char way = a0 > 1 ? app_arg(a1, 1)[0] : '\0';

	if (way == 'f')
		mmio_store(word_at(SP_FRAMES_VA + 64), 0);
	else if (way == 's')
		mmio_store(word_at(SP_STLB_VA + 4), 0);
	else if (way == 'g')
		(void)mmio_load(word_at(SP_EXPOSED_END - SP_PAGE));
	else {
		names();
		translations();
		low_pages();
	}
	said("done", 0);
	return 0;
}
