/*
 * pcnet_ring.h - the PCnet driver's state and descriptors; private to the
 * files pcnet.c (the frames' way), pcnet_hold.c (who waits) and pcnet_reset.c (start
 * and recovery).
 */
#ifndef KERNEL_DEV_PCNET_RING_H
#define KERNEL_DEV_PCNET_RING_H

#include "pcnet.h"
#include "pcnet_chip.h"

#include "../mips.h"

/* A receive buffer: the lower half of a slot, less the two bytes before it. */
enum { PCN_RX_BYTES = PCN_SLOT / 2 - PCN_FRAME_AT };

enum { SLOT_PIECE = 1 }; /* a transmit descriptor's slot: somebody's memory */

struct pcn {
	uintptr_t base;             /* registers, kseg1 */
	struct pcn_desc *rx;        /* next to look at; the frame in hand */
	struct pcn_desc *tx;        /* next to fill */
	struct pcn_desc *tx_oldest; /* next to take back */
	uint32_t tx_free;           /* descriptors between tx and tx_oldest */
	uint32_t tx_quick;          /* the same, 0 while somebody is crowded */
	uint32_t
		tx_crowded; /* senders that have their whole share, and the watch */
	uint32_t rx_credit; /* frames that may still be taken */
	uint32_t rx_cost;   /* instructions to know whose a frame is */
	uint32_t rx_spent;  /* instructions of this interrupt, roughly */
	pcn_consumer_t consume;
	pcn_done_t done;
	pcn_watch_t watch;
	struct sp_nic_info *info;
	uint32_t spares;
	uint8_t *spare[PCN_TX_SLOTS]; /* clean slots */
	uint8_t *head;                /* the slot that pcn_head() gave out */
	struct pcn_sender *who[PCN_TX_SLOTS]; /* by transmit descriptor */
	uint32_t tx_bytes; /* of the frame being taken back */
	bool tx_failed;    /* ... and whether it was counted */
	bool sick;         /* a descriptor told of a stopped chip */
	bool started, promiscuous;
	uint32_t missed;         /* the chip's counter when last read */
	uint32_t resets_in_vain; /* since a frame last went through */
	uint32_t frames_then;    /* received + sent at the last reset */
};
extern struct pcn pcn;

/* Take back transmit descriptors the chip has finished with. */
void pcn_tx_reclaim(void);

/* Drop all frames that wait to be sent and of which a piece lies in PAGE.  The
 * chip is stopped. */
void pcn_tx_sieve(uint32_t page);

/* Look whether the chip still runs; if not, reset it and go on. */
void pcn_check(void);

/* Name the slot of a receive descriptor that is ours. */
void pcn_rx_slot(struct pcn_desc *d, uint8_t *slot);

/* Give a receive descriptor, with the clean slot it names, to the chip. */
void pcn_rx_give(struct pcn_desc *d);

/* --- descriptors ------------------------------------------------------------
 * Their memory is read and written through kseg1 only.
 */
static inline uint32_t
desc_get(const uint32_t *field)
{
	return mmio_read32((uintptr_t)field);
}

static inline void
desc_set(uint32_t *field, uint32_t v)
{
	mmio_write32((uintptr_t)field, v);
}

/* The frame in a receive descriptor's slot. */
static inline uint8_t *
desc_frame(const struct pcn_desc *d)
{
	return (uint8_t *)(uintptr_t)desc_get(&d->slot);
}

/* The chip may have it: contents before ownership. */
static inline void
desc_give(struct pcn_desc *d, uint32_t flags)
{
	dma_barrier();
	desc_set(&d->flags, flags);
}

/* Whose it is; if ours, ownership before contents. */
static inline uint32_t
desc_take(const struct pcn_desc *d)
{
	uint32_t flags = desc_get(&d->flags);

	dma_barrier();
	return flags;
}

/* Does its buffer begin in the page at physical address PAGE? */
static inline bool
desc_is_in(const struct pcn_desc *d, uint32_t page)
{
	return (desc_get(&d->addr) ^ page) < SP_PAGE;
}

/* Which one of its ring, of N, is D? */
static inline uint32_t
ring_index(const struct pcn_desc *d, uint32_t n)
{
	return (uint32_t)((uintptr_t)d / sizeof(*d) & (n - 1));
}

/* The next of N (a power of two); a ring is aligned to its size. */
static inline struct pcn_desc *
ring_next(struct pcn_desc *d, uint32_t n)
{
	uintptr_t a = (uintptr_t)d, in = n * sizeof(*d) - 1;

	return (struct pcn_desc *)((a & ~in) | ((a + sizeof(*d)) & in));
}

static inline uint32_t
paddr_of(const void *kseg)
{
	return (uint32_t)(uintptr_t)kseg & 0x1fffffff;
}

#endif /* KERNEL_DEV_PCNET_RING_H */
