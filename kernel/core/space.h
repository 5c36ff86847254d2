/*
 * space.h - address spaces: guaranteed mappings, the STLB, the TLB.
 *
 * A space is a hash table of the mappings the kernel promised to honour; the
 * 4096-entry STLB caches page pairs in unmapped memory and is refilled from in
 * boot/vectors.S; the TLB caches the STLB.
 */
#ifndef KERNEL_CORE_SPACE_H
#define KERNEL_CORE_SPACE_H

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

/* EntryLo (MIPS32 PRA, EntryLo0/1): PFN << 6, C << 3, D, V, G. */
#define LO_VALID    0x2
#define LO_DIRTY    0x4
#define LO_UNCACHED 0x10
#define LO_CACHED   0x18
#define LO_PFN(lo)  ((lo) >> 6)

struct space {
	uint32_t asid; /* first: boot/ reads it */
	struct mapping *table;
	uint32_t pfn; /* of the table */
	uint32_t used;
};

void stlb_init(void);

/* The table is charged to OWNER.  Returns SP_OK or SP_ENOMEM. */
int space_init(struct space *s, uint32_t asid, uint32_t owner) SP_MUST_CHECK;

/* Drop all mappings (their frames too) and the table. */
void space_destroy(struct space *s);

/* Room for N more mappings? */
bool space_has_room(const struct space *s, uint32_t n);

/* Set the mapping of VA (page aligned); space_has_room() said yes. */
void space_set(struct space *s, uint32_t va, uint32_t lo);

/* EntryLo of VA, 0 when not mapped. */
uint32_t space_get(const struct space *s, uint32_t va);

/* Remove VA from table, STLB and TLB; returns its EntryLo, 0 when not mapped. */
uint32_t space_clear(struct space *s, uint32_t va);

/* A miss or modify fault at VA: true when the mapping allows it and is now in
 * the STLB.  A store that misses a read-only page comes again, as a modify. */
bool space_fault(const struct space *s, uint32_t va, bool modify);

#endif /* KERNEL_CORE_SPACE_H */
