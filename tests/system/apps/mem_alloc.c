/*
 * mem_alloc.c - frames by number, by colour, in a row, and what they hold.
 */
#include "tests/system/apps/mem.h"

static void
by_number(void)
{
	int32_t pfn = alloc(1, 0, PFN_ANY);

	said("any", pfn);
	said("taken", alloc(1, 0, (uint32_t)pfn));
	said("free", page_free((uint32_t)pfn, 1));
	holds("this-very-one", alloc(1, 0, (uint32_t)pfn) == pfn);
	said("two-one-taken", alloc(2, 0, (uint32_t)pfn));
	said("beyond", alloc(1, 0, app_info()->pages_total));
	said("number-and-align", alloc(1, 1, (uint32_t)pfn | 1));
	said("free-again", page_free((uint32_t)pfn, 1));
}

static void
by_colour(void)
{
	int32_t pfn[SP_COLOURS];
	int right = 1;

	for (uint32_t c = 0; c < SP_COLOURS; c++) {
		pfn[c] = alloc(1, 0, SP_PFN_COLOUR(c));
		right &= pfn[c] >= 0 && (uint32_t)pfn[c] % SP_COLOURS == c;
	}
	holds("colours", right);
	for (uint32_t c = 0; c < SP_COLOURS; c++)
		(void)page_free((uint32_t)pfn[c], 1);
	said("no-colour", alloc(1, 0, SP_PFN_COLOUR(SP_COLOURS)));
	said("wild-colour", alloc(1, 0, SP_PFN_COLOUR(0x7ffffffe)));
	said("two-of-a-colour", alloc(2, 0, SP_PFN_COLOUR(1)));
	said("aligned-colour", alloc(1, 1, SP_PFN_COLOUR(1)));
}

static void
in_a_row(void)
{
	int32_t pfn = alloc(16, 4, PFN_ANY);
	uint32_t me = (uint32_t)sys_self() % SP_MAX_ENVS + 1;
	int mine = 1;

	holds("aligned", pfn > 0 && pfn % 16 == 0);
	for (uint32_t i = 0; i < 16; i++)
		mine &= frame_of((uint32_t)pfn + i)->owner == me;
	holds("all-mine", mine);
	said("map-all", map_at(0, SPARE_VA, (uint32_t)pfn, 16, SP_MAP_WRITE));
	said("free-all", page_free((uint32_t)pfn, 16));
	said("free-twice", page_free((uint32_t)pfn, 16));
	said("most", alloc(1024, 0, PFN_ANY));
	said("too-many", alloc(1025, 0, PFN_ANY));
	said("wraps", alloc(0x80000001, 0, PFN_ANY));
}

/* Everything that is free, as long as there is some; what we wrote is gone. */
static void
contents(void)
{
	int32_t pfn = alloc(1, 0, PFN_ANY);
	uint32_t sum = 0;

	(void)map_at(0, SPARE_VA, (uint32_t)pfn, 1, SP_MAP_WRITE);
	for (uint32_t i = 0; i < SP_PAGE / 4; i++)
		mmio_store(word_at(SPARE_VA) + i, 0x5ec2e7 + i);
	(void)page_free((uint32_t)pfn, 1);
	holds("taken-back", alloc(1, 0, (uint32_t)pfn) == pfn);
	said("map-again", map_at(0, SPARE_VA, (uint32_t)pfn, 1, 0));
	for (uint32_t i = 0; i < SP_PAGE / 4; i++)
		sum |= mmio_load(word_at(SPARE_VA) + i);
	holds("zeroed", sum == 0);
}

static void
exhaustion(void)
{
	uint32_t n = 0;
	int32_t pfn;

	while ((pfn = alloc(1024, 0, PFN_ANY)) > 0)
		n++;
	while ((pfn = alloc(1, 0, PFN_ANY)) > 0)
		n++;
	said("all-gone", pfn);
	holds("counted", n > 0 && app_info()->pages_free == 0);
	said("no-child", sys_env_create(APP_CAP_SELF, "none"));
	said("no-colour-left", alloc(1, 0, SP_PFN_COLOUR(3)));
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	by_number();
	by_colour();
	in_a_row();
	contents();
	exhaustion();
	said("done", 0);
	return 0;
}
