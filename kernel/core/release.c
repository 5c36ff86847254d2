/*
 * release.c - break what is bound to a frame, then free it.
 *
 * First what is cheap to find (STLB chains, the mapping that the hint names,
 * pins), then one pass over all mappings if any is left, and the TLB at last.
 */
#include "kernel/core/release.h"

#include "kernel/core/env.h"
#include "kernel/core/exception.h"
#include "kernel/core/handler.h"
#include "kernel/core/info.h"
#include "kernel/core/predicate.h"
#include "kernel/core/ring.h"
#include "kernel/core/send.h"
#include "kernel/core/space.h"

/* Whoever has pinned PFN lets go; a handler's data and an area are
 * their owner's. */
static void
break_pins(uint32_t pfn, bool keep_owner)
{
	uint32_t owner = page_frame(pfn)->owner;
	const struct env *keep =
		keep_owner && owner != 0 ? env_at(owner - 1) : NULL;

	ring_break_frame(pfn, keep);
	predicate_break_frame(pfn, keep);
	if (keep == NULL) {
		handler_break_frame(pfn);
		context_break_frame(pfn);
	}
	send_break_frame(pfn);
}

void
page_break_set(const struct page_set *set)
{
	bool mapped = false;

	for (uint32_t i = 0; i < set->count; i++) {
		uint32_t pfn = set->first + i;

		if (!page_set_has(set, pfn))
			continue;
		space_break_frame(pfn, set->keep_owners);
		if (page_frame(pfn)->pins > 0)
			break_pins(pfn, set->keep_owners);
		mapped |= page_frame(pfn)->maps > 0;
	}
	if (mapped)
		space_break_set(set);
	stlb_clear_tlb();
}

static bool
is_any(const struct sp_frame *f, const void *arg)
{
	(void)f;
	(void)arg;
	return true;
}

void
page_break(uint32_t pfn)
{
	const struct page_set set = {
		.first = pfn, .count = 1, .match = is_any
	};

	page_break_set(&set);
}

static bool
is_owned(const struct sp_frame *f, const void *owner)
{
	return f->owner == *(const uint32_t *)owner;
}

void
page_release(uint32_t pfn, uint32_t count, uint32_t owner)
{
	const struct page_set set = {
		.first = pfn,
		.count = count,
		.match = is_owned,
		.arg = &owner,
	};

	page_break_set(&set);
	for (uint32_t i = 0; i < count; i++)
		if (page_set_has(&set, pfn + i))
			page_disown(pfn + i);
}

void
page_release_all(uint32_t owner)
{
	const struct sp_frame *f = page_frame(0);
	uint32_t left = info.env[owner - 1].pages, first = 0, end = 0;

	for (uint32_t i = 0; left > 0 && i < info.pages_total; i++) {
		if (f[i].owner != owner)
			continue;
		first = end == 0 ? i : first;
		end = i + 1;
		left--;
	}
	page_release(first, end - first, owner);
}
