/*
 * page.h - physical page frames: who owns them, who holds on to them.
 *
 * A frame is free when nobody owns, maps or pins it.  Names of frames are
 * physical: page frame numbers.  The table (struct sp_frame) is exposed.
 */
#ifndef KERNEL_CORE_PAGE_H
#define KERNEL_CORE_PAGE_H

#include "kernel/mips.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

/* Some user frames: those in [FIRST, FIRST + COUNT) that MATCH says belong. */
struct page_set {
	uint32_t first, count;
	bool (*match)(const struct sp_frame *f, const void *arg);
	const void *arg;
	bool keep_owners; /* what owners themselves have of them stays */
};

static inline void *
page_kva(uint32_t pfn)
{
	return (void *)(KSEG0 + pfn * SP_PAGE);
}

/* Everything from FIRST (a kseg0 address) to RAM_BYTES becomes frames, but the
 * part that holds the boot archive. */
void page_init(uint32_t first, uint32_t ram_bytes, uint32_t keep_from,
	uint32_t keep_to);

/* COUNT frames of that part become user frames of OWNER, as they are. */
void page_give(uint32_t pfn, uint32_t count, uint32_t owner,
	const struct sp_cap *name);

/* The frame table itself: its first frame, and how many it fills. */
uint32_t page_table_pfn(void);
uint32_t page_table_pages(void);

/* The frame PFN, or NULL when there is no such RAM. */
struct sp_frame *page_frame(uint32_t pfn);

/* Is frame PFN in SET? */
bool page_set_has(const struct page_set *set, uint32_t pfn);

/*
 * Allocate COUNT contiguous frames, aligned to 2^ALIGN_LOG2 frames, zeroed.
 * WANT is the first one, SP_PFN_ANY, or SP_PFN_COLOUR(c) for one frame.  Returns
 * the first pfn or SP_ENOMEM / SP_EBUSY (WANT is taken) / SP_EINVAL.  NAME says
 * which capabilities dominate them.
 */
int page_alloc(uint32_t count, uint32_t align_log2, uint32_t want,
	uint32_t owner, const struct sp_cap *name) SP_MUST_CHECK;

/* The same with a dead frame on either side (handler regions). */
int page_alloc_guarded(uint32_t count, uint32_t align_log2, uint32_t owner,
	const struct sp_cap *name) SP_MUST_CHECK;
/* They become ordinary frames of their owner. */
void page_unguard(uint32_t pfn, uint32_t count);

/* Frames for the kernel itself on behalf of OWNER; freed by page_free_kernel. */
int page_alloc_kernel(
	uint32_t count, uint32_t align_log2, uint32_t owner) SP_MUST_CHECK;
void page_free_kernel(uint32_t pfn, uint32_t count);

/* The owner lets go of a frame whose bindings are broken (release.h); it is free
 * once nobody maps or pins it. */
void page_disown(uint32_t pfn);
void page_map_get(uint32_t pfn);
void page_map_put(uint32_t pfn);
void page_pin(uint32_t pfn, uint32_t count);
void page_unpin(uint32_t pfn, uint32_t count);

/* The NIC reads it, reads it no more (kernel frames are never freed under it).
 * Interrupts off; whoever frees a frame has it let go first. */
void page_dma_get(uint32_t pfn);
void page_dma_put(uint32_t pfn);

#endif /* KERNEL_CORE_PAGE_H */
