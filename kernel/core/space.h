/*
 * space.h - address spaces: what an environment may find where.
 *
 * Guaranteed mappings live in a hash table that the kernel honours at any time;
 * bindings live in the STLB only and may be lost.  Both count on the frame they
 * show (page.h), and go when it goes.
 */
#ifndef KERNEL_CORE_SPACE_H
#define KERNEL_CORE_SPACE_H

#include "kernel/core/page.h"
#include "kernel/core/stlb.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

struct space {
	uint32_t asid; /* first: boot/ reads it; changes when they run out */
	struct mapping *table;
	uint32_t pfn; /* of the table */
	uint32_t used;
	uint32_t owner; /* environment slot + 1 */
};

/* The table is charged to OWNER; long when ASIDs have run out.  Returns SP_OK or
 * SP_ENOMEM. */
int space_init(struct space *s, uint32_t owner) SP_MUST_CHECK;

/* Drop all mappings and the table; long. */
void space_destroy(struct space *s);

/* Room for N mappings from VA on?  Not if too many others collide with one. */
bool space_has_room(const struct space *s, uint32_t va, uint32_t n);

/* Set the mapping of VA (page aligned).  SP_OK, or SP_EFULL, which cannot be
 * if space_has_room() said yes. */
int space_set(struct space *s, uint32_t va, uint32_t lo) SP_MUST_CHECK;

/* EntryLo of the mapping of VA (exposed tables are mapped everywhere), or 0. */
uint32_t space_get(const struct space *s, uint32_t va);

/* Remove the mapping of VA, if any. */
void space_clear(struct space *s, uint32_t va);

/* Bind VA, which is not mapped, for as long as the STLB has room. */
void space_bind(const struct space *s, uint32_t va, uint32_t lo);

/* End such a binding of VA, if any. */
void space_unbind(const struct space *s, uint32_t va);

/* The EntryLo that VA has now, by mapping or binding, or 0. */
uint32_t space_look(const struct space *s, uint32_t va);

/* A miss or modify fault at VA: true when the mapping allows it and is now in
 * the STLB.  A store that misses a read-only page comes again, as a modify. */
bool space_fault(const struct space *s, uint32_t va, bool modify);

/* Remove bindings of frame PFN and the mapping that its hint names; not those
 * of its owner if KEEP_OWNER.  The TLB is to be cleared afterwards. */
void space_break_frame(uint32_t pfn, bool keep_owner);

/* Remove every mapping of these frames; long. */
void space_break_set(const struct page_set *set);

#endif /* KERNEL_CORE_SPACE_H */
