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

static struct {
	struct sp_frame *frame;
	uint32_t count; /* frames of RAM */
	uint32_t table_pages;
	uint32_t hint; /* nothing is free below it */
} pages;

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

/* The first fit, or 0.  GUARD demands neighbours that can be dead zones. */
static uint32_t
find_free(uint32_t count, uint32_t align_log2, bool guard)
{
	uint32_t step = 1u << align_log2;
	uint32_t pfn = (pages.hint + step - 1) & ~(step - 1);

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
	info.pages_free -= count;
	if (owner != 0)
		info.env[owner - 1].pages += count;
	while (pages.hint < pages.count &&
		pages.frame[pages.hint].kind != SP_FRAME_FREE)
		pages.hint++;
	memset(page_kva(pfn), 0, count * SP_PAGE);
}

static void
release(uint32_t pfn)
{
	struct sp_frame *f = &pages.frame[pfn];

	memset(f, 0, sizeof(*f));
	info.pages_free++;
	if (pfn < pages.hint)
		pages.hint = pfn;
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
	if (count == 0 || count > pages.count || align_log2 > 12)
		return SP_EINVAL;

	uint32_t pfn = want;

	if (want == ~0u)
		pfn = find_free(count, align_log2, false);
	else if (!range_is_free(want, count))
		return SP_EBUSY;
	if (pfn == 0)
		return SP_ENOMEM;
	take(pfn, count, SP_FRAME_USER, owner, name);
	return (int)pfn;
}

static void
dead_get(uint32_t pfn)
{
	struct sp_frame *f = &pages.frame[pfn];

	if (f->kind == SP_FRAME_FREE) {
		/* Handlers can read it: forget whoever had it. */
		memset(page_kva(pfn), 0, SP_PAGE);
		f->kind = SP_FRAME_DEAD;
		info.pages_free--;
	}
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
	uint32_t pfn = find_free(count, align_log2, true);

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
	static const struct sp_cap nobody = { 0, SP_CAP_NAME, "kernel" };
	uint32_t pfn = find_free(count, align_log2, false);

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
	for (uint32_t i = 0; i < count; i++)
		pages.frame[pfn + i].pins++;
}

void
page_unpin(uint32_t pfn, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		KASSERT(pages.frame[pfn + i].pins > 0);
		pages.frame[pfn + i].pins--;
		settle(pfn + i);
	}
}

void
page_disown_all(uint32_t owner)
{
	for (uint32_t i = 0; i < pages.count; i++)
		if (pages.frame[i].kind == SP_FRAME_USER &&
			pages.frame[i].owner == owner)
			page_disown(i);
}
