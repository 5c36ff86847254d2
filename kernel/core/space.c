/*
 * space.c - guaranteed mappings, and bindings that come and go.
 *
 * Open addressing with linear probing; removal shifts the cluster back, so no
 * tombstones accumulate.  Interrupt code never looks in here.
 */
#include "kernel/core/space.h"

#include "kernel/board.h"
#include "kernel/core/audit.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

enum {
	TABLE_PAGES = 2,
	TABLE_SLOTS = TABLE_PAGES * SP_PAGE / 8,
	TABLE_MAX = TABLE_SLOTS - TABLE_SLOTS / 8, /* probes stay short */
	PROBES_MAX = 64, /* even for those who choose pages that collide */
	ASIDS = 256,
};

struct mapping {
	uint32_t vpn; /* 0: free; user pages are never page 0 */
	uint32_t lo;
};

static struct {
	struct space *live[SP_MAX_ENVS];
	uint32_t asids; /* given out since the last flush */
} spaces;

/* --- ASIDs ---------------------------------------------------------------------- */

/* Everybody alive gets a new one; nothing in STLB and TLB has an old one. */
static void
renumber(void)
{
	uint32_t running = cp0_get_entryhi() & (ASIDS - 1), now = 0;

	stlb_flush();
	spaces.asids = 0;
	for (int i = 0; i < SP_MAX_ENVS; i++) {
		struct space *s = spaces.live[i];

		if (s == NULL)
			continue;
		if (s->asid == running)
			now = spaces.asids + 1;
		s->asid = ++spaces.asids;
	}
	cp0_set_entryhi(now);
}

static uint32_t
new_asid(void)
{
	if (spaces.asids == ASIDS - 1)
		renumber();
	return ++spaces.asids;
}

/* --- the table -------------------------------------------------------------------- */

static uint32_t
hash(uint32_t vpn)
{
	return (vpn * 0x9e3779b1u) >> 16 & (TABLE_SLOTS - 1);
}

/* The slot of VA, or the free one it would get, at most PROBES_MAX from where it
 * belongs; NULL when there is none. */
static struct mapping *
find(const struct space *s, uint32_t va)
{
	uint32_t vpn = va / SP_PAGE, home = hash(vpn);

	for (uint32_t i = 0; i < PROBES_MAX; i++) {
		struct mapping *m = &s->table[(home + i) & (TABLE_SLOTS - 1)];

		if (m->vpn == vpn || m->vpn == 0)
			return m;
	}
	return NULL;
}

/* How far M is from where VA belongs. */
static uint32_t
distance(const struct space *s, const struct mapping *m, uint32_t va)
{
	return ((uint32_t)(m - s->table) - hash(va / SP_PAGE)) &
	       (TABLE_SLOTS - 1);
}

/* The user frame that LO maps, or NULL: device pages are not counted. */
static struct sp_frame *
counted(uint32_t lo)
{
	struct sp_frame *f = page_frame(LO_PFN(lo));

	return f != NULL && f->kind == SP_FRAME_USER ? f : NULL;
}

static void
get_frame(const struct space *s, uint32_t va, uint32_t lo)
{
	struct sp_frame *f = counted(lo);

	if (f == NULL)
		return;
	f->hint = va | s->owner;
	page_map_get(LO_PFN(lo));
}

static void
put_frame(uint32_t lo)
{
	if ((lo & LO_VALID) != 0 && counted(lo) != NULL)
		page_map_put(LO_PFN(lo));
}

int
space_init(struct space *s, uint32_t owner)
{
	int pfn = page_alloc_kernel(TABLE_PAGES, 0, owner);

	if (pfn < 0)
		return pfn;
	s->pfn = (uint32_t)pfn;
	s->table = page_kva(s->pfn);
	s->used = 0;
	s->owner = owner;
	s->asid = new_asid();
	spaces.live[owner - 1] = s;
	return SP_OK;
}

void
space_destroy(struct space *s)
{
	spaces.live[s->owner - 1] = NULL;
	for (uint32_t i = 0; i < TABLE_SLOTS; i++) {
		if (s->table[i].vpn == 0)
			continue;
		stlb_drop(s->table[i].vpn * SP_PAGE, s->asid);
		put_frame(s->table[i].lo);
	}
	page_free_kernel(s->pfn, TABLE_PAGES);
	s->table = NULL;
}

/* Neighbouring pages lie far from each other in the table, so N of them push
 * nobody from half the distance to all of it. */
bool
space_has_room(const struct space *s, uint32_t va, uint32_t n)
{
	if (n > TABLE_MAX - s->used)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = va + i * SP_PAGE;
		const struct mapping *m = find(s, at);

		if (m == NULL ||
			(m->vpn == 0 && distance(s, m, at) >= PROBES_MAX / 2))
			return false;
	}
	return true;
}

int
space_set(struct space *s, uint32_t va, uint32_t lo)
{
	struct mapping *m = find(s, va);

	if (m == NULL || (m->vpn == 0 && s->used == TABLE_MAX))
		return SP_EFULL;

	uint32_t old = m->lo;

	if (m->vpn == 0)
		s->used++;
	m->vpn = va / SP_PAGE;
	m->lo = lo;
	get_frame(s, va, lo);
	stlb_drop(va, s->asid);
	put_frame(old);
	return SP_OK;
}

uint32_t
space_get(const struct space *s, uint32_t va)
{
	if (va - SP_INFO_VA >= SP_EXPOSED_END - SP_INFO_VA) {
		const struct mapping *m = find(s, va);

		return m == NULL ? 0 : m->lo;
	}

	uint32_t pfn = info_exposed(va);

	return pfn == 0 ? 0 : pfn << 6 | LO_CACHED | LO_VALID;
}

/* Empty slot H, moving up what a probe would otherwise no longer reach. */
static void
remove_slot(struct space *s, uint32_t h)
{
	for (uint32_t i = (h + 1) & (TABLE_SLOTS - 1); s->table[i].vpn != 0;
		i = (i + 1) & (TABLE_SLOTS - 1)) {
		uint32_t home = hash(s->table[i].vpn);

		if (((i - home) & (TABLE_SLOTS - 1)) >=
			((i - h) & (TABLE_SLOTS - 1))) {
			s->table[h] = s->table[i];
			h = i;
		}
	}
	s->table[h].vpn = 0;
	s->table[h].lo = 0;
	s->used--;
}

void
space_clear(struct space *s, uint32_t va)
{
	struct mapping *m = find(s, va);

	if (m == NULL || m->vpn == 0)
		return;

	uint32_t lo = m->lo;

	stlb_drop(va, s->asid);
	remove_slot(s, (uint32_t)(m - s->table));
	put_frame(lo);
}

/* --- bindings ----------------------------------------------------------------------- */

/* Also what is on the other page of the pair, if it is mapped; page 0 is not. */
void
space_bind(const struct space *s, uint32_t va, uint32_t lo)
{
	uint32_t other = va ^ SP_PAGE;

	stlb_put(va, s->asid, lo, other < SP_PAGE ? 0 : space_get(s, other));
}

void
space_unbind(const struct space *s, uint32_t va)
{
	if (space_get(s, va) == 0)
		stlb_drop(va, s->asid);
}

uint32_t
space_look(const struct space *s, uint32_t va)
{
	uint32_t lo = space_get(s, va);

	return lo != 0 ? lo : stlb_get(va, s->asid);
}

bool
space_fault(const struct space *s, uint32_t va, bool modify)
{
	if (va < SP_PAGE || va >= KSEG0)
		return false;

	uint32_t lo = space_get(s, va);

	if ((lo & LO_VALID) == 0 || (modify && (lo & LO_DIRTY) == 0))
		return false;
	space_bind(s, va, lo);
	return true;
}

/* --- breaking ----------------------------------------------------------------------- */

void
space_break_frame(uint32_t pfn, bool keep_owner)
{
	const struct sp_frame *f = page_frame(pfn);
	struct space *owner = f->owner != 0 ? spaces.live[f->owner - 1] : NULL;
	uint32_t slot = (f->hint & (SP_PAGE - 1)) - 1;
	uint32_t va = f->hint & ~(uint32_t)(SP_PAGE - 1);
	struct space *s = slot < SP_MAX_ENVS ? spaces.live[slot] : NULL;

	stlb_break(pfn, keep_owner && owner != NULL ? owner->asid : 0);
	if (s != NULL && !(keep_owner && s == owner) &&
		LO_PFN(space_get(s, va)) == pfn)
		space_clear(s, va);
}

static void
break_in(struct space *s, const struct page_set *set)
{
	for (uint32_t i = 0; i < TABLE_SLOTS;) {
		const struct mapping *m = &s->table[i];
		const struct sp_frame *f = page_frame(LO_PFN(m->lo));

		/* Removal may have filled the slot again. */
		if (m->vpn != 0 && f != NULL &&
			page_set_has(set, LO_PFN(m->lo)) &&
			!(set->keep_owners && f->owner == s->owner))
			space_clear(s, m->vpn * SP_PAGE);
		else
			i++;
	}
}

void
space_break_set(const struct page_set *set)
{
	for (int i = 0; i < SP_MAX_ENVS; i++)
		if (spaces.live[i] != NULL)
			break_in(spaces.live[i], set);
}

/* --- audit -------------------------------------------------------------------- */

/* May LO be a guaranteed mapping?  Frames somebody holds, the board's
 * registers. */
static bool
lo_is_sound(uint32_t lo)
{
	uint32_t pfn = LO_PFN(lo);
	const struct sp_frame *f = page_frame(pfn);

	if ((lo & LO_VALID) == 0)
		return false;
	return f == NULL ? pfn == MALTA_FPGA / SP_PAGE
			 : f->kind == SP_FRAME_USER && f->owner != 0;
}

void
space_audit(const struct space *s, uint32_t slot)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < TABLE_SLOTS; i++) {
		const struct mapping *m = &s->table[i];
		const struct sp_frame *f = page_frame(LO_PFN(m->lo));

		if (m->vpn == 0)
			continue;
		used++;
		if (!lo_is_sound(m->lo))
			audit_fail("env slot %u: %08x mapped to %08x", slot,
				m->vpn * SP_PAGE, m->lo);
		if (find(s, m->vpn * SP_PAGE) != m)
			audit_fail("env slot %u: mapping of %08x is lost", slot,
				m->vpn * SP_PAGE);
		if (f != NULL && f->kind == SP_FRAME_USER)
			audit_saw_map(LO_PFN(m->lo));
	}
	if (used != s->used)
		audit_fail("env slot %u: %u mappings, counted %u", slot,
			s->used, used);
}
