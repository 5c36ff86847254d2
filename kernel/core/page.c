/*
 * page.c - the frame table, and first fit over it.
 *
 * Linear scans are long: callers run with interrupts on (see core/sched.h,
 * kernel_interruptible).  Interrupt code never allocates.
 */
#include "kernel/core/page.h"

#include "kernel/core/info.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"

enum { COLOURS_LOG2 = 3 };
_Static_assert(1 << COLOURS_LOG2 == SP_COLOURS, "colours are a power of 2");

static struct {
	struct sp_frame *frame;
	uint32_t count; /* frames of RAM */
	uint32_t table_pages;
	uint32_t hint;  /* nothing is free below it */
	uint32_t frees; /* counts: was anything freed meanwhile? */
} pages;

static const struct sp_cap nobody = { 0, SP_CAP_NAME, "kernel" };

static uint32_t
round_up(uint32_t v)
{
	return (v + SP_PAGE - 1) & ~(uint32_t)(SP_PAGE - 1);
}

void
page_init(uint32_t first, uint32_t ram_bytes, uint32_t keep_from,
	uint32_t keep_to)
{
	uint32_t table = round_up(first - KSEG0);

	pages.count = ram_bytes / SP_PAGE;
	pages.frame = (struct sp_frame *)(KSEG0 + table);
	pages.table_pages =
		round_up(pages.count * sizeof(struct sp_frame)) / SP_PAGE;
	memset(pages.frame, 0, pages.table_pages * SP_PAGE);

	uint32_t used = table / SP_PAGE + pages.table_pages;

	for (uint32_t i = 0; i < pages.count; i++) {
		bool kept = i >= keep_from / SP_PAGE &&
			    i < round_up(keep_to) / SP_PAGE;

		if (i < used || kept)
			pages.frame[i].kind = SP_FRAME_KERNEL;
		else
			info.pages_free++;
	}
	info.pages_total = pages.count;
	pages.hint = used;
}

uint32_t
page_table_pfn(void)
{
	return ((uint32_t)pages.frame - KSEG0) / SP_PAGE;
}

uint32_t
page_table_pages(void)
{
	return pages.table_pages;
}

struct sp_frame *
page_frame(uint32_t pfn)
{
	return pfn < pages.count ? &pages.frame[pfn] : NULL;
}

bool
page_set_has(const struct page_set *set, uint32_t pfn)
{
	return pfn < pages.count && pfn - set->first < set->count &&
	       pages.frame[pfn].kind == SP_FRAME_USER &&
	       set->match(&pages.frame[pfn], set->arg);
}

static bool
range_is_free(uint32_t pfn, uint32_t count)
{
	if (pfn > pages.count || count > pages.count - pfn)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (pages.frame[pfn + i].kind != SP_FRAME_FREE)
			return false;
	return true;
}

static bool
can_be_dead(uint32_t pfn)
{
	return pfn < pages.count &&
	       (pages.frame[pfn].kind == SP_FRAME_FREE ||
		       pages.frame[pfn].kind == SP_FRAME_DEAD);
}

/* Move the hint up to the first free frame. */
static void
advance_hint(void)
{
	uint32_t frees = pages.frees, pfn = pages.hint;

	while (pfn < pages.count && pages.frame[pfn].kind != SP_FRAME_FREE)
		pfn++;

	uint32_t status = irq_off();

	if (pages.frees == frees)
		pages.hint = pfn;
	irq_restore(status);
}

/*
 * The first fit at OFFSET from a multiple of 2^ALIGN_LOG2, or 0.  GUARD demands
 * neighbours that can be dead zones.
 */
static uint32_t
find_free(uint32_t count, uint32_t align_log2, uint32_t offset, bool guard)
{
	uint32_t step = 1u << align_log2;

	advance_hint();

	uint32_t pfn =
		((pages.hint - offset + step - 1) & ~(step - 1)) + offset;

	for (; pfn < pages.count; pfn += step) {
		if (guard &&
			!(can_be_dead(pfn - 1) && can_be_dead(pfn + count)))
			continue;
		if (range_is_free(pfn, count))
			return pfn;
	}
	return 0;
}

static void
take(uint32_t pfn, uint32_t count, enum sp_frame_kind kind, uint32_t owner,
	const struct sp_cap *name)
{
	for (uint32_t i = 0; i < count; i++) {
		struct sp_frame *f = &pages.frame[pfn + i];

		KASSERT(f->kind == SP_FRAME_FREE);
		f->kind = (uint8_t)kind;
		f->owner = (uint16_t)owner;
		f->name = *name;
	}
	if (owner != 0)
		info.env[owner - 1].pages += count;

	uint32_t status = irq_off();

	info.pages_free -= count;
	if (pages.hint == pfn)
		pages.hint = pfn + count;
	irq_restore(status);
	memset(page_kva(pfn), 0, count * SP_PAGE);
}

/* DMA ends in interrupts, and with it the last pin of a frame. */
static void
release(uint32_t pfn)
{
	struct sp_frame *f = &pages.frame[pfn];
	uint32_t status = irq_off();

	KASSERT(f->bound == 0);
	memset(f, 0, sizeof(*f));
	info.pages_free++;
	pages.frees++;
	if (pfn < pages.hint)
		pages.hint = pfn;
	irq_restore(status);
}

static void
drop_owner(struct sp_frame *f)
{
	if (f->owner != 0)
		info.env[f->owner - 1].pages--;
	f->owner = 0;
}

int
page_alloc(uint32_t count, uint32_t align_log2, uint32_t want, uint32_t owner,
	const struct sp_cap *name)
{
	uint32_t pfn = want, colour = want & ~SP_PFN_COLOUR(0);

	if (count == 0 || count > pages.count || align_log2 > 12)
		return SP_EINVAL;
	if (want == SP_PFN_ANY) {
		pfn = find_free(count, align_log2, 0, false);
	} else if (want != colour) {
		if (colour >= SP_COLOURS || count != 1 || align_log2 != 0)
			return SP_EINVAL;
		pfn = find_free(1, COLOURS_LOG2, colour, false);
	} else if ((want & ((1u << align_log2) - 1)) != 0) {
		return SP_EINVAL;
	} else if (!range_is_free(want, count)) {
		return SP_EBUSY;
	}
	if (pfn == 0)
		return SP_ENOMEM;
	take(pfn, count, SP_FRAME_USER, owner, name);
	return (int)pfn;
}

void
page_give(
	uint32_t pfn, uint32_t count, uint32_t owner, const struct sp_cap *name)
{
	for (uint32_t i = 0; i < count; i++) {
		struct sp_frame *f = &pages.frame[pfn + i];

		KASSERT(f->kind == SP_FRAME_KERNEL && f->owner == 0);
		f->kind = SP_FRAME_USER;
		f->owner = (uint16_t)owner;
		f->name = *name;
	}
	info.env[owner - 1].pages += count;
}

static void
dead_get(uint32_t pfn)
{
	struct sp_frame *f = &pages.frame[pfn];

	/* Handlers can read it: nothing of whoever had it is left. */
	if (f->kind == SP_FRAME_FREE)
		take(pfn, 1, SP_FRAME_DEAD, 0, &nobody);
	f->pins++;
}

static void
dead_put(uint32_t pfn)
{
	struct sp_frame *f = &pages.frame[pfn];

	KASSERT(f->kind == SP_FRAME_DEAD && f->pins > 0);
	if (--f->pins == 0)
		release(pfn);
}

int
page_alloc_guarded(uint32_t count, uint32_t align_log2, uint32_t owner,
	const struct sp_cap *name)
{
	uint32_t pfn = find_free(count, align_log2, 0, true);

	if (pfn == 0)
		return SP_ENOMEM;
	take(pfn, count, SP_FRAME_USER, owner, name);
	dead_get(pfn - 1);
	dead_get(pfn + count);
	return (int)pfn;
}

void
page_unguard(uint32_t pfn, uint32_t count)
{
	dead_put(pfn - 1);
	dead_put(pfn + count);
}

int
page_alloc_kernel(uint32_t count, uint32_t align_log2, uint32_t owner)
{
	uint32_t pfn = find_free(count, align_log2, 0, false);

	if (pfn == 0)
		return SP_ENOMEM;
	take(pfn, count, SP_FRAME_KERNEL, owner, &nobody);
	return (int)pfn;
}

void
page_free_kernel(uint32_t pfn, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		KASSERT(pages.frame[pfn + i].kind == SP_FRAME_KERNEL);
		drop_owner(&pages.frame[pfn + i]);
		release(pfn + i);
	}
}

/* A user frame that nobody owns, maps or pins is free. */
static void
settle(uint32_t pfn)
{
	struct sp_frame *f = &pages.frame[pfn];

	if (f->kind == SP_FRAME_USER && f->owner == 0 && f->maps == 0 &&
		f->pins == 0)
		release(pfn);
}

void
page_disown(uint32_t pfn)
{
	drop_owner(&pages.frame[pfn]);
	settle(pfn);
}

void
page_map_get(uint32_t pfn)
{
	pages.frame[pfn].maps++;
}

void
page_map_put(uint32_t pfn)
{
	KASSERT(pages.frame[pfn].maps > 0);
	pages.frame[pfn].maps--;
	settle(pfn);
}

void
page_pin(uint32_t pfn, uint32_t count)
{
	uint32_t status = irq_off();

	for (uint32_t i = 0; i < count; i++)
		pages.frame[pfn + i].pins++;
	irq_restore(status);
}

void
page_unpin(uint32_t pfn, uint32_t count)
{
	uint32_t status = irq_off();

	for (uint32_t i = 0; i < count; i++) {
		KASSERT(pages.frame[pfn + i].pins > 0);
		pages.frame[pfn + i].pins--;
		settle(pfn + i);
	}
	irq_restore(status);
}

void
page_dma_get(uint32_t pfn)
{
	if (pages.frame[pfn].kind == SP_FRAME_USER)
		pages.frame[pfn].pins++;
}

void
page_dma_put(uint32_t pfn)
{
	struct sp_frame *f = &pages.frame[pfn];

	if (f->kind != SP_FRAME_USER)
		return;
	KASSERT(f->pins > 0 && (f->owner != 0 || f->maps != 0));
	f->pins--;
}
