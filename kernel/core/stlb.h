/*
 * stlb.h - the software TLB: pairs of pages in unmapped memory, refilled from in
 * boot/vectors.S.
 *
 * The halves that map a frame are chained (struct sp_frame, BOUND), so that a
 * frame can be taken back in as many steps as it has bindings.  The TLB may
 * remember pairs that have lost their slot here; it is asked or cleared as well.
 */
#ifndef KERNEL_CORE_STLB_H
#define KERNEL_CORE_STLB_H

#include <spindle/abi.h>
#include <stdint.h>

/* EntryLo (MIPS32 PRA, EntryLo0/1): PFN << 6, C << 3, D, V, G. */
#define LO_VALID    SP_LO_VALID
#define LO_DIRTY    SP_LO_WRITE
#define LO_UNCACHED 0x10
#define LO_CACHED   0x18
#define LO_PFN(lo)  ((lo) >> 6)

void stlb_init(void);

/* The page at VA of ASID is LO, here and in the TLB; the other half of the pair
 * becomes OTHER unless it is there.  Whatever had the slot loses it. */
void stlb_put(uint32_t va, uint32_t asid, uint32_t lo, uint32_t other);

/* EntryLo of VA, 0 when it is not there. */
uint32_t stlb_get(uint32_t va, uint32_t asid);

/* Forget the page at VA. */
void stlb_drop(uint32_t va, uint32_t asid);

/* Forget whoever maps frame PFN, but the address space KEEP (0: nobody).  The
 * TLB is to be cleared before anybody runs. */
void stlb_break(uint32_t pfn, uint32_t keep);
void stlb_clear_tlb(void);

/* Forget everything; long. */
void stlb_flush(void);

/* The half behind BOUND in its frame's chain, + 1; 0 behind the last. */
uint32_t stlb_next(uint32_t bound);

#endif /* KERNEL_CORE_STLB_H */
