/*
 * ring.h - the program's packet ring, where the agent mapped it.
 *
 * The owner may use a frame in place, send it from there too, and then gives
 * its slot back.  Frames are seen as aligned native halfwords and words: a slot
 * is 2048-byte aligned and its frame begins SP_RING_FRAME_AT bytes into it.
 */
#ifndef APPS_LIB_RING_H
#define APPS_LIB_RING_H

#include "layout.h"
#include "mmio.h"

#include <stdbool.h>

static inline struct sp_ring *
ring_get(void)
{
	return (struct sp_ring *)APP_RING_VA;
}

/* How many frames wait. */
static inline uint32_t
ring_waiting(const struct sp_ring *r)
{
	return mmio_load(&r->head) - r->tail;
}

/* The slot, by index, of the oldest frame; a ring has a power of two of them. */
static inline uint32_t
ring_slot(const struct sp_ring *r)
{
	return r->tail & (r->slots - 1);
}

/* A slot as aligned words; the frame begins SP_RING_FRAME_AT bytes into it. */
static inline uint32_t *
ring_slot_words(uint32_t slot)
{
	return (uint32_t *)(APP_RING_VA + SP_PAGE + slot * SP_RING_SLOT);
}

static inline uint8_t *
ring_slot_bytes(uint32_t slot)
{
	return (uint8_t *)ring_slot_words(slot);
}

/* Give the oldest frame's slot back. */
static inline void
ring_next(struct sp_ring *r)
{
	mmio_store(&r->tail, r->tail + 1);
}

#endif /* APPS_LIB_RING_H */
