/*
 * release.h - taking frames back: no binding outlives the right to it.
 *
 * A binding is whatever reaches a frame without asking again: guaranteed
 * mappings, STLB and TLB entries, packet rings, handlers, save areas, wakeup
 * predicates, queued DMA.  All of these are long: call with interrupts on.
 */
#ifndef KERNEL_CORE_RELEASE_H
#define KERNEL_CORE_RELEASE_H

#include "kernel/core/page.h"

#include <stdint.h>

/* Break every binding of a user frame; its owner keeps it. */
void page_break(uint32_t pfn);

/* The same for many at once. */
void page_break_set(const struct page_set *set);

/* Break every binding of [PFN, PFN + COUNT); those frames of them that OWNER
 * (slot + 1) has are free then. */
void page_release(uint32_t pfn, uint32_t count, uint32_t owner);

/* The same for all that OWNER has. */
void page_release_all(uint32_t owner);

#endif /* KERNEL_CORE_RELEASE_H */
