/*
 * values.c - arguments: half of them mean something, half are what hurts.
 */
#include "tests/fuzz/syscall/fuzz.h"

enum { REMEMBERED = 16, FRAMES_REMEMBERED = 32, IDS = K_ASH - K_ENV + 1 };

static struct {
	uint32_t state;
	struct {
		uint32_t pfn, count;
	} frames[FRAMES_REMEMBERED];
	uint32_t frames_next, frames_pages;
	uint32_t id[IDS][REMEMBERED], ids[IDS];
} own;

void
fuzz_seed(uint32_t seed)
{
	own.state = seed * 2654435761u + 0x9e3779b9u;
	if (own.state == 0)
		own.state = 1;
}

uint32_t
rnd(void)
{
	uint32_t x = own.state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	own.state = x;
	return x;
}

/* --- what is owned ------------------------------------------------------------ */

void
own_frames(uint32_t pfn, uint32_t count)
{
	uint32_t i = own.frames_next++ % FRAMES_REMEMBERED;

	own.frames_pages += count - own.frames[i].count;
	own.frames[i].pfn = pfn;
	own.frames[i].count = count;
}

void
disown_frames(uint32_t pfn, uint32_t count)
{
	for (uint32_t i = 0; i < FRAMES_REMEMBERED; i++)
		if (own.frames[i].pfn >= pfn &&
			own.frames[i].pfn - pfn < count) {
			own.frames_pages -= own.frames[i].count;
			own.frames[i].count = 0;
		}
}

uint32_t
frames_owned(void)
{
	return own.frames_pages;
}

bool
oldest_frames(uint32_t *pfn, uint32_t *count)
{
	for (uint32_t n = 0; n < FRAMES_REMEMBERED; n++) {
		uint32_t i = (own.frames_next + n) % FRAMES_REMEMBERED;

		if (own.frames[i].count == 0)
			continue;
		*pfn = own.frames[i].pfn;
		*count = own.frames[i].count;
		return true;
	}
	return false;
}

void
own_id(enum kind kind, uint32_t id)
{
	uint32_t k = kind - K_ENV;

	own.id[k][own.ids[k]++ % REMEMBERED] = id;
}

bool
random_frames(uint32_t *pfn, uint32_t *count)
{
	for (uint32_t n = 0; n < 4; n++) {
		uint32_t i = below(FRAMES_REMEMBERED);

		if (own.frames[i].count == 0)
			continue;
		*pfn = own.frames[i].pfn;
		*count = own.frames[i].count;
		return true;
	}
	return false;
}

/* --- numbers --------------------------------------------------------------------- */

static uint32_t
hostile(void)
{
	static const uint32_t nasty[] = {
		0x00000000,
		0x00000001,
		0x00000fff,
		0x00001000,
		0x0000ffff,
		0x7fffffff,
		0x7ffffffc,
		0x7fff0000,
		0x7ffefffc,
		0x70000000,
		0x71000000,
		0x72000000,
		0x72fffffc,
		0x73000000,
		0x80000000,
		0x80000180,
		0x80010000,
		0x80020000,
		0x80100000,
		0x83fffffc,
		0x9fffffff,
		0xa0000000,
		0xbf000500,
		0xbfc00500,
		0xbfd00000,
		0xc0000000,
		0xe0000000,
		0xfffff000,
		0xfffffffc,
		0xfffffffd,
		0xffffffff,
		0x40000001,
		0x20000001,
		0x10000000,
		0x00400000,
	};

	switch (below(4)) {
	case 0:
		return rnd();
	case 1:
		return nasty[below(ARRAY_LEN(nasty))] + below(64) - 32;
	default:
		return nasty[below(ARRAY_LEN(nasty))];
	}
}

static uint32_t
small(void)
{
	return one_in(8) ? below(300) : below(9);
}

static uint32_t
length(void)
{
	switch (below(5)) {
	case 0:
		return hostile();
	case 1:
		return SP_PAGE * below(5) + below(5) - 2;
	default:
		return below(200);
	}
}

static uint32_t
address(void)
{
	uint32_t in = SCRATCH_VA + below(SCRATCH_PAGES * SP_PAGE);

	switch (below(32)) {
	default:
		return in & ~3u;
	case 0:
	case 1:
		return in;
	case 2:
	case 3:
		return (in & ~(SP_PAGE - 1u)) + SP_PAGE - below(64);
	case 4:
	case 5:
		return SCRATCH_VA + SCRATCH_PAGES * SP_PAGE - below(128);
	case 6:
	case 7:
	case 8:
	case 9:
		return hostile();
	case 10:
		return SP_INFO_VA + below(1 << 16);
	case 11:
		return (one_in(2) ? SP_FRAMES_VA : SP_STLB_VA) + below(1 << 18);
	case 12:
		return MAP_VA + below(MAP_PAGES * SP_PAGE);
	case 13:
		return SP_USER_BASE + below(1 << 15); /* our text */
	case 14:
		return AREA_VA + (below(768) & ~3u); /* save areas */
	}
}

static uint32_t
page_address(void)
{
	switch (below(64)) {
	default:
		return MAP_VA + below(MAP_PAGES) * SP_PAGE;
	case 0:
	case 1:
	case 2:
		return hostile() & ~(SP_PAGE - 1u);
	case 3:
		return hostile();
	case 4:
	case 5:
		return AREA_VA + SP_PAGE * (1 + below(10));
	case 6:
		return SP_INFO_VA + (below(64) - 32) * SP_PAGE;
	case 7:
		return SP_EXPOSED_END - below(64) * SP_PAGE;
	case 8:
		return SP_USER_TOP - below(16) * SP_PAGE;
	case 9:
		return SCRATCH_VA + below(SCRATCH_PAGES + 1) * SP_PAGE;
	case 10:
		return DRONE_VA;
	case 11:
		return one_in(16) ? SP_USER_BASE + below(64) * SP_PAGE : MAP_VA;
	}
}

static uint32_t
frame(void)
{
	uint32_t pfn, count;

	if (!one_in(4) && random_frames(&pfn, &count))
		return one_in(2) ? pfn : pfn + below(count);
	switch (below(4)) {
	case 0:
		return hostile();
	case 1:
		return app_info()->pages_total - 2 + below(4);
	default:
		return below(app_info()->pages_total);
	}
}

/* --- names of things -------------------------------------------------------------- */

/* The id that the exposed tables show at a random place. */
static uint32_t
shown(enum kind kind)
{
	const struct sp_info *info = app_info();

	switch (kind) {
	case K_ENV:
		return info->env[below(SP_MAX_ENVS)].id;
	case K_FLOW:
		return info->flow[below(SP_MAX_FLOWS)].id;
	case K_BINDING:
		return info->binding[below(64)].id;
	case K_ASH:
		return info->ash[below(SP_MAX_ASHES)].id;
	default:
		return (below(SP_MAX_RINGS) + 1) | (below(8) + 1) << 8;
	}
}

static uint32_t
id(enum kind kind)
{
	uint32_t k = kind - K_ENV;
	uint32_t n = own.ids[k] < REMEMBERED ? own.ids[k] : REMEMBERED;
	uint32_t i = n > 0 ? own.id[k][below(n)] : shown(kind);

	switch (below(16)) {
	case 0:
		return hostile();
	case 1:
	case 2:
		return shown(kind);
	case 3:
		return i ^ 0x100u << below(16); /* another generation */
	case 4:
		return i ^ 1u << below(8);
	default:
		return i;
	}
}

/* Itself, mostly: 0. */
static uint32_t
environment(void)
{
	switch (below(8)) {
	case 0:
	case 1:
		return id(K_ENV);
	case 2:
		return one_in(8) ? (uint32_t)sys_self() : shown(K_ENV);
	default:
		return 0;
	}
}

/* Nothing of our own: an entry meant for another level would run two levels in
 * one place, and what it finds there is no fault of the kernel's. */
static uint32_t
place_to_go(void)
{
	switch (below(4)) {
	case 0:
		return 0;
	case 1:
		return DRONE_VA;
	default:
		return hostile() | 0x80000000u >> below(2) * 8;
	}
}

uint32_t
value_of(enum kind kind)
{
	if (kind >= K_STRUCT)
		return one_in(8) ? address() : struct_of(kind);
	switch (kind) {
	case K_CAP:
		return one_in(8) ? small() : 0;
	case K_ENV:
		return environment();
	case K_CHILD:
		return one_in(64) ? 0 : id(K_ENV);
	case K_VA:
		return address();
	case K_LEN:
		return length();
	case K_COUNT:
		return one_in(16) ? hostile() : small();
	case K_RING_PAGES:
		return value_of(K_COUNT) | (one_in(2) ? SP_TAPE : 0);
	case K_ALIGN:
		return one_in(4) ? small() : 0;
	case K_PFN:
		return frame();
	case K_WANT:
		return one_in(4)   ? frame()
		       : one_in(4) ? SP_PFN_COLOUR(below(SP_COLOURS + 1))
				   : SP_PFN_ANY;
	case K_PAGE:
		return page_address();
	case K_SLOT:
		return one_in(8) ? hostile() : 1 + below(SP_CAP_SLOTS);
	case K_MASK:
		return one_in(8) ? hostile() : rnd() & 63;
	case K_SLICE:
		return one_in(8) ? hostile() : below(SP_SLICES + 2);
	case K_RING:
	case K_FLOW:
	case K_BINDING:
	case K_ASH:
		return id(kind);
	case K_FEW:
		return one_in(16) ? hostile() : small();
	case K_PC:
		return place_to_go();
	case K_MAPFLAGS:
		return one_in(16) ? rnd() : one_in(4) ? rnd() & 7 : rnd() & 3;
	default:
		return hostile();
	}
}
