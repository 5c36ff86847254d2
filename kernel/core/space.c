/*
 * space.c - guaranteed mappings, and their copies in STLB and TLB.
 *
 * Open addressing with linear probing; removal shifts the cluster back, so no
 * tombstones accumulate.
 */
#include "kernel/core/space.h"

#include "kernel/board.h"
#include "kernel/boot/frame.h"
#include "kernel/core/audit.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

enum {
	TABLE_PAGES = 2,
	TABLE_SLOTS = TABLE_PAGES * SP_PAGE / 8,
	TABLE_MAX = TABLE_SLOTS - TABLE_SLOTS / 8, /* probes stay short */
	STLB_NEVER = 0x1f00, /* no EntryHi has these bits */
	VPN2_MASK = 0x1fff,
};

struct mapping {
	uint32_t vpn; /* 0: free; user pages are never page 0 */
	uint32_t lo;
};

static struct sp_stlb *const stlb = (struct sp_stlb *)STLB_ADDRESS;

static struct sp_stlb *
stlb_slot(uint32_t entryhi)
{
	uint32_t off = (entryhi >> 9) ^ (entryhi & 0xff) << 8;

	return &stlb[(off & 0xfff0) / sizeof(struct sp_stlb)];
}

void
stlb_init(void)
{
	_Static_assert(sizeof(struct sp_stlb) == 16, "vec_refill");
	for (int i = 0; i < SP_STLB_SLOTS; i++)
		stlb[i].tag = STLB_NEVER;
	/* The whole TLB, with addresses that kseg0 can never ask for. */
	uint32_t last = cp0_get_config1() >> 25 & 0x3f;

	cp0_set_pagemask(0);
	cp0_set_wired(0);
	cp0_set_entrylo0(0);
	cp0_set_entrylo1(0);
	for (uint32_t i = 0; i <= last; i++) {
		cp0_set_index(i);
		cp0_set_entryhi(KSEG0 + i * 2 * SP_PAGE);
		tlb_write_indexed();
	}
}

static uint32_t
hash(uint32_t vpn)
{
	return (vpn * 0x9e3779b1u) >> 16 & (TABLE_SLOTS - 1);
}

static struct mapping *
find(const struct space *s, uint32_t va)
{
	uint32_t vpn = va / SP_PAGE;

	for (uint32_t i = hash(vpn);; i = (i + 1) & (TABLE_SLOTS - 1))
		if (s->table[i].vpn == vpn || s->table[i].vpn == 0)
			return &s->table[i];
}

/* Forget the pair that VA lies in, in STLB and TLB. */
static void
forget_pair(const struct space *s, uint32_t va)
{
	uint32_t old = cp0_get_entryhi();
	uint32_t hi = (va & ~(uint32_t)VPN2_MASK) | s->asid;
	struct sp_stlb *e = stlb_slot(hi);

	if (e->tag == hi)
		e->tag = STLB_NEVER;
	cp0_set_entryhi(hi);
	tlb_probe();
	if ((cp0_get_index() & 0x80000000u) == 0) {
		cp0_set_entrylo0(0);
		cp0_set_entrylo1(0);
		cp0_set_entryhi(KSEG0 + cp0_get_index() * 2 * SP_PAGE);
		tlb_write_indexed();
	}
	cp0_set_entryhi(old);
}

int
space_init(struct space *s, uint32_t asid, uint32_t owner)
{
	int pfn = page_alloc_kernel(TABLE_PAGES, 0, owner);

	if (pfn < 0)
		return pfn;
	s->pfn = (uint32_t)pfn;
	s->table = page_kva(s->pfn);
	s->used = 0;
	s->asid = asid;
	return SP_OK;
}

static void
drop_frame(uint32_t lo)
{
	const struct sp_frame *f = page_frame(LO_PFN(lo));

	if (f != NULL && f->kind == SP_FRAME_USER)
		page_map_put(LO_PFN(lo));
}

void
space_destroy(struct space *s)
{
	for (uint32_t i = 0; i < TABLE_SLOTS; i++) {
		if (s->table[i].vpn == 0)
			continue;
		forget_pair(s, s->table[i].vpn * SP_PAGE);
		drop_frame(s->table[i].lo);
	}
	page_free_kernel(s->pfn, TABLE_PAGES);
	s->table = NULL;
}

bool
space_has_room(const struct space *s, uint32_t n)
{
	return n <= TABLE_MAX - s->used;
}

void
space_set(struct space *s, uint32_t va, uint32_t lo)
{
	struct mapping *m = find(s, va);

	KASSERT(m->vpn != 0 || s->used < TABLE_MAX);
	if (m->vpn == 0)
		s->used++;
	m->vpn = va / SP_PAGE;
	m->lo = lo;
	forget_pair(s, va);
}

uint32_t
space_get(const struct space *s, uint32_t va)
{
	if (va - SP_INFO_VA >= SP_EXPOSED_END - SP_INFO_VA)
		return find(s, va)->lo;

	uint32_t pfn = info_exposed(va);

	return pfn == 0 ? 0 : pfn << 6 | LO_CACHED | LO_VALID;
}

uint32_t
space_clear(struct space *s, uint32_t va)
{
	struct mapping *hole = find(s, va);
	uint32_t lo = hole->lo;

	if (hole->vpn == 0)
		return 0;
	forget_pair(s, va);
	s->used--;

	uint32_t h = (uint32_t)(hole - s->table);

	/* Move up what a probe would otherwise no longer reach. */
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
	return lo;
}

bool
space_fault(const struct space *s, uint32_t va, bool modify)
{
	if (va < SP_PAGE || va >= KSEG0)
		return false;

	uint32_t lo = space_get(s, va);

	if ((lo & LO_VALID) == 0 || (modify && (lo & LO_DIRTY) == 0))
		return false;

	uint32_t hi = (va & ~(uint32_t)VPN2_MASK) | s->asid;

	/* The TLB may hold the pair with this half invalid: make it miss. */
	forget_pair(s, va);

	struct sp_stlb *e = stlb_slot(hi);
	uint32_t even = va & ~(uint32_t)VPN2_MASK;

	/* The pair of page 0 has no even half. */
	e->lo[0] = even == 0 ? 0 : space_get(s, even);
	e->lo[1] = space_get(s, even + SP_PAGE);
	e->tag = hi;
	return true;
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
			 : f->kind == SP_FRAME_USER;
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

/* What S (NULL: nobody's) says of VA; the exposed pages are everybody's, and stay
 * in the caches when somebody dies. */
static uint32_t
said(const struct space *s, uint32_t va)
{
	bool exposed = va - SP_INFO_VA < SP_EXPOSED_END - SP_INFO_VA;

	return va != 0 && (s != NULL || exposed) ? space_get(s, va) : 0;
}

/* A cached pair is what the space says, or nothing. */
static void
check_cached(const char *where, uint32_t at, const struct audit_spaces *spaces,
	const struct sp_stlb *e)
{
	const struct space *s = spaces->of[e->tag & 0xff];
	uint32_t va = e->tag & ~(uint32_t)VPN2_MASK;

	for (uint32_t i = 0; i < 2; i++, va += SP_PAGE)
		if ((e->lo[i] & LO_VALID) != 0 && e->lo[i] != said(s, va))
			audit_fail("%s %u: tag %08x has %08x, not %08x", where,
				at, e->tag, e->lo[i], said(s, va));
}

static struct sp_stlb
tlb_entry(uint32_t i)
{
	uint32_t status = irq_off();
	uint32_t old = cp0_get_entryhi();
	struct sp_stlb e = { .pad = 0 };

	cp0_set_index(i);
	tlb_read();
	e.tag = cp0_get_entryhi();
	e.lo[0] = cp0_get_entrylo0();
	e.lo[1] = cp0_get_entrylo1();
	cp0_set_pagemask(0);
	cp0_set_entryhi(old);
	irq_restore(status);
	return e;
}

void
stlb_audit(const struct audit_spaces *spaces)
{
	uint32_t last = cp0_get_config1() >> 25 & 0x3f;

	for (uint32_t i = 0; i < SP_STLB_SLOTS; i++) {
		if (stlb[i].tag == STLB_NEVER)
			continue;
		if (stlb_slot(stlb[i].tag) != &stlb[i])
			audit_fail("STLB %u: tag %08x is not at home", i,
				stlb[i].tag);
		check_cached("STLB", i, spaces, &stlb[i]);
	}
	for (uint32_t i = 0; i <= last; i++) {
		struct sp_stlb e = tlb_entry(i);

		if (e.tag < KSEG0)
			check_cached("TLB", i, spaces, &e);
	}
}
