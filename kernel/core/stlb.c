/*
 * stlb.c - the STLB, the chains through it, and the TLB as its cache.
 *
 * A pair stays in the TLB when its slot here goes to another one: otherwise an
 * instruction and its operand that share a slot would drive each other out for
 * ever.
 */
#include "kernel/core/stlb.h"

#include "kernel/boot/frame.h"
#include "kernel/core/audit.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/core/space.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

#include <stdbool.h>

enum {
	NEVER = 0x1f00, /* no EntryHi has these bits */
	VPN2_MASK = 0x1fff,
	HALVES = 2 * SP_STLB_SLOTS,
};

static struct sp_stlb *const stlb = (struct sp_stlb *)STLB_ADDRESS;

/* Neighbours in the chain of a frame; like sp_frame.bound, a half + 1. */
static struct {
	uint16_t next, prev;
} chain[HALVES];

_Static_assert(sizeof(struct sp_stlb) == 16, "vec_refill");

static uint32_t
slot_of(uint32_t hi)
{
	uint32_t off = (hi >> 9) ^ (hi & 0xff) << 8;

	return (off & 0xfff0) / sizeof(struct sp_stlb);
}

static uint32_t
hi_of(uint32_t va, uint32_t asid)
{
	return (va & ~(uint32_t)VPN2_MASK) | asid;
}

static uint32_t
half_of(uint32_t va)
{
	return va / SP_PAGE & 1;
}

/* --- the hardware -------------------------------------------------------------- */

/* Addresses that kseg0 can never ask for. */
static void
clear_entry(uint32_t index)
{
	cp0_set_index(index);
	cp0_set_entrylo0(0);
	cp0_set_entrylo1(0);
	cp0_set_entryhi(KSEG0 + index * 2 * SP_PAGE);
	tlb_write_indexed();
}

void
stlb_clear_tlb(void)
{
	uint32_t old = cp0_get_entryhi();
	uint32_t last = cp0_get_config1() >> 25 & 0x3f;

	for (uint32_t i = 0; i <= last; i++)
		clear_entry(i);
	cp0_set_entryhi(old);
}

static bool
find_in_tlb(uint32_t hi)
{
	cp0_set_entryhi(hi);
	tlb_probe();
	return (cp0_get_index() & 0x80000000u) == 0;
}

static void
drop_from_tlb(uint32_t hi)
{
	uint32_t old = cp0_get_entryhi();

	if (find_in_tlb(hi))
		clear_entry(cp0_get_index());
	cp0_set_entryhi(old);
}

static void
put_into_tlb(const struct sp_stlb *e)
{
	uint32_t old = cp0_get_entryhi();
	bool found = find_in_tlb(e->tag);

	cp0_set_entrylo0(e->lo[0]);
	cp0_set_entrylo1(e->lo[1]);
	if (found)
		tlb_write_indexed();
	else
		tlb_write_random();
	cp0_set_entryhi(old);
}

void
stlb_init(void)
{
	for (int i = 0; i < SP_STLB_SLOTS; i++)
		stlb[i] = (struct sp_stlb){ .tag = NEVER };
	cp0_set_pagemask(0);
	cp0_set_wired(0);
	stlb_clear_tlb();
}

/* --- chains -------------------------------------------------------------------- */

static struct sp_frame *
frame_in(uint32_t lo)
{
	return (lo & LO_VALID) != 0 ? page_frame(LO_PFN(lo)) : NULL;
}

static void
unlink_half(struct sp_frame *f, uint32_t bound)
{
	uint32_t next = chain[bound - 1].next, prev = chain[bound - 1].prev;

	if (prev == 0) {
		KASSERT(f->bound == bound);
		f->bound = (uint16_t)next;
	} else {
		chain[prev - 1].next = (uint16_t)next;
	}
	if (next != 0)
		chain[next - 1].prev = (uint16_t)prev;
}

static void
link_half(struct sp_frame *f, uint32_t bound)
{
	chain[bound - 1].prev = 0;
	chain[bound - 1].next = f->bound;
	if (f->bound != 0)
		chain[f->bound - 1].prev = (uint16_t)bound;
	f->bound = (uint16_t)bound;
}

/* The only place that writes EntryLo of an entry; the TLB is not told. */
static void
set_half(uint32_t slot, uint32_t half, uint32_t lo)
{
	uint32_t bound = slot * 2 + half + 1;
	struct sp_frame *f;

	if (stlb[slot].lo[half] == lo)
		return;
	f = frame_in(stlb[slot].lo[half]);
	if (f != NULL)
		unlink_half(f, bound);
	stlb[slot].lo[half] = lo;
	f = frame_in(lo);
	if (f != NULL)
		link_half(f, bound);
}

static void
clear_slot(uint32_t slot)
{
	stlb[slot].tag = NEVER;
	set_half(slot, 0, 0);
	set_half(slot, 1, 0);
}

/* --- entries ------------------------------------------------------------------- */

void
stlb_put(uint32_t va, uint32_t asid, uint32_t lo, uint32_t other)
{
	uint32_t hi = hi_of(va, asid), slot = slot_of(hi), half = half_of(va);

	if (stlb[slot].tag != hi)
		clear_slot(slot);
	set_half(slot, half, lo);
	if (stlb[slot].lo[half ^ 1] == 0)
		set_half(slot, half ^ 1, other);
	stlb[slot].tag = hi;
	put_into_tlb(&stlb[slot]);
}

uint32_t
stlb_get(uint32_t va, uint32_t asid)
{
	uint32_t hi = hi_of(va, asid), slot = slot_of(hi);

	return stlb[slot].tag == hi ? stlb[slot].lo[half_of(va)] : 0;
}

static void
drop_half(uint32_t slot, uint32_t half)
{
	set_half(slot, half, 0);
	if (stlb[slot].lo[half ^ 1] == 0)
		stlb[slot].tag = NEVER;
}

void
stlb_drop(uint32_t va, uint32_t asid)
{
	uint32_t hi = hi_of(va, asid), slot = slot_of(hi);

	if (stlb[slot].tag == hi)
		drop_half(slot, half_of(va));
	drop_from_tlb(hi);
}

void
stlb_break(uint32_t pfn, uint32_t keep)
{
	uint32_t bound = page_frame(pfn)->bound;

	while (bound != 0) {
		uint32_t slot = (bound - 1) / 2, half = (bound - 1) % 2;

		bound = chain[bound - 1].next;
		if ((stlb[slot].tag & 0xff) != keep)
			drop_half(slot, half);
	}
}

void
stlb_flush(void)
{
	for (uint32_t i = 0; i < SP_STLB_SLOTS; i++)
		clear_slot(i);
	stlb_clear_tlb();
}

uint32_t
stlb_next(uint32_t bound)
{
	return chain[bound - 1].next;
}

/* --- audit -------------------------------------------------------------------- */

/* What S (NULL: nobody's) says of VA; the exposed pages are everybody's, and stay
 * in the caches when somebody dies. */
static uint32_t
said(const struct space *s, uint32_t va)
{
	bool exposed = va - SP_INFO_VA < SP_EXPOSED_END - SP_INFO_VA;

	return va != 0 && (s != NULL || exposed) ? space_get(s, va) : 0;
}

/* What a cache says is what the space says.  Where that says nothing it may be a
 * binding of a page that somebody has, even of a space that is gone. */
static void
check_pair(const char *where, uint32_t at, const struct audit_spaces *spaces,
	const struct sp_stlb *e)
{
	const struct space *s = spaces->of[e->tag & 0xff];
	uint32_t va = e->tag & ~(uint32_t)VPN2_MASK;

	for (uint32_t i = 0; i < 2; i++, va += SP_PAGE) {
		uint32_t want = said(s, va);
		const struct sp_frame *f = frame_in(e->lo[i]);

		if ((e->lo[i] & LO_VALID) == 0 || e->lo[i] == want ||
			(want == 0 && f != NULL && f->kind == SP_FRAME_USER &&
				f->owner != 0))
			continue;
		audit_fail("%s %u: tag %08x has %08x, not %08x", where, at,
			e->tag, e->lo[i], want);
	}
}

/* The chain of frame PFN leads through halves that map it; how many. */
static uint32_t
check_chain(uint32_t pfn)
{
	uint32_t n = 0, prev = 0;

	for (uint32_t b = page_frame(pfn)->bound; b != 0 && n <= HALVES; n++) {
		uint32_t lo = stlb[(b - 1) / 2].lo[(b - 1) % 2];

		if ((lo & LO_VALID) == 0 || LO_PFN(lo) != pfn ||
			chain[b - 1].prev != prev)
			audit_fail("STLB %u: not in the chain of frame %u",
				(b - 1) / 2, pfn);
		prev = b;
		b = chain[b - 1].next;
	}
	return n;
}

static void
check_entry(uint32_t at, const struct audit_spaces *spaces)
{
	const struct sp_stlb *e = &stlb[at];

	if (e->tag == NEVER) {
		if (e->lo[0] != 0 || e->lo[1] != 0)
			audit_fail("STLB %u: has no tag", at);
		return;
	}
	if (slot_of(e->tag) != at)
		audit_fail("STLB %u: tag %08x is not at home", at, e->tag);
	check_pair("STLB", at, spaces, e);
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

static void
check_tlb(uint32_t at, const struct audit_spaces *spaces)
{
	struct sp_stlb e = tlb_entry(at);
	const struct sp_stlb *have = &stlb[slot_of(e.tag)];

	if (e.tag >= KSEG0)
		return;
	check_pair("TLB", at, spaces, &e);
	if (have->tag == e.tag &&
		(have->lo[0] != e.lo[0] || have->lo[1] != e.lo[1]))
		audit_fail(
			"TLB %u: tag %08x is not what the STLB has", at, e.tag);
}

void
stlb_audit(const struct audit_spaces *spaces)
{
	uint32_t last = cp0_get_config1() >> 25 & 0x3f, halves = 0;

	for (uint32_t i = 0; i < SP_STLB_SLOTS; i++) {
		check_entry(i, spaces);
		halves += frame_in(stlb[i].lo[0]) != NULL;
		halves += frame_in(stlb[i].lo[1]) != NULL;
	}
	for (uint32_t i = 0; i < info.pages_total; i++)
		halves -= check_chain(i);
	if (halves != 0)
		audit_fail("STLB: %u halves in no chain", halves);
	for (uint32_t i = 0; i <= last; i++)
		check_tlb(i, spaces);
}
