/*
 * pcnet_reset.c - start the PCnet, and start it again after a fault.
 *
 * A reset makes the chip begin at the first descriptor of each ring.  Frames
 * that wait in the rings are kept: the rings are turned so that received ones
 * come last (we look at them before the chip comes round) and unsent ones first.
 */
#include "pcnet_ring.h"

#include "../lib/string.h"
#include "../mips.h"
#include "../panic.h"

enum {
	RX_LOG2 = 7,
	TX_LOG2 = 6,
	RESET_TRIES = 3, /* resets without a frame between before we give up */
};
_Static_assert(1 << RX_LOG2 == PCN_RX_SLOTS, "RLEN");
_Static_assert(1 << TX_LOG2 == PCN_TX_SLOTS, "TLEN");

/* Everything the chip reads but frames.  Aligned for ring_next(). */
static struct {
	struct pcn_desc rx[PCN_RX_SLOTS], tx[PCN_TX_SLOTS];
	struct pcn_init_block init;
} dma __attribute__((aligned(PCN_RX_SLOTS * sizeof(struct pcn_desc))));

/* Where a ring is kept while it is turned (the chip is stopped). */
static struct pcn_desc turned[PCN_RX_SLOTS];
static struct pcn_sender *turned_who[PCN_TX_SLOTS];

static void *
uncached(void *p)
{
	return (void *)(paddr_of(p) | (uintptr_t)KSEG1);
}

static struct pcn_desc *
ring_rx(void)
{
	return uncached(dma.rx);
}

static struct pcn_desc *
ring_tx(void)
{
	return uncached(dma.tx);
}

/* Copy N descriptors, of which the ring RING of SLOTS has no more from D on than
 * up to its end, to turned[]. */
static void
keep(const struct pcn_desc *ring, const struct pcn_desc *d, uint32_t n,
	uint32_t slots)
{
	uint32_t first = slots - ring_index(d, slots);

	first = first < n ? first : n;
	memcpy(turned, d, first * sizeof(*d));
	memcpy(turned + first, ring, (n - first) * sizeof(*d));
}

/* Received frames not yet looked at move to the end of the receive ring. */
static void
rx_turn(void)
{
	struct pcn_desc *d = pcn.rx, *ring = ring_rx();
	uint32_t waiting;

	for (waiting = 0; waiting < PCN_RX_SLOTS; waiting++) {
		if ((desc_get(&d->flags) & DESC_OWN) != 0)
			break;
		d = ring_next(d, PCN_RX_SLOTS);
	}
	if (waiting != 0) { /* else one empty slot is like another */
		keep(ring, d, PCN_RX_SLOTS, PCN_RX_SLOTS);
		memcpy(ring, turned, sizeof(turned));
	}
	for (uint32_t i = 0; i < PCN_RX_SLOTS - waiting; i++)
		pcn_rx_give(&ring[i]);
	pcn.rx = &ring[(PCN_RX_SLOTS - waiting) % PCN_RX_SLOTS];
}

/* N transmit descriptors from FIRST on move to the start, with their holders;
 * all others are free. */
static void
tx_gather(uint32_t first, uint32_t n)
{
	struct pcn_desc *ring = ring_tx();

	keep(ring, &ring[first], n, PCN_TX_SLOTS);
	for (uint32_t i = 0; i < n; i++)
		turned_who[i] = pcn.who[(first + i) % PCN_TX_SLOTS];
	memset(ring, 0, PCN_TX_SLOTS * sizeof(*ring));
	memset(pcn.who, 0, sizeof(pcn.who));
	memcpy(ring, turned, n * sizeof(*ring));
	memcpy(pcn.who, turned_who, n * sizeof(pcn.who[0]));
}

/* Unsent frames move to the start of the transmit ring; a cut-off one goes. */
static void
tx_turn(void)
{
	uint32_t waiting;

	pcn_tx_reclaim();
	while (pcn.tx_free < PCN_TX_SLOTS &&
		(desc_get(&pcn.tx_oldest->flags) & DESC_STP) == 0) {
		uint32_t last = desc_get(&pcn.tx_oldest->flags) & DESC_ENP;

		desc_set(&pcn.tx_oldest->flags, last | DESC_ERR | DESC_ONES);
		pcn_tx_reclaim();
	}
	waiting = PCN_TX_SLOTS - pcn.tx_free;
	if (waiting != 0)
		tx_gather(ring_index(pcn.tx_oldest, PCN_TX_SLOTS), waiting);
	pcn.tx_oldest = ring_tx();
	pcn.tx = &ring_tx()[waiting % PCN_TX_SLOTS];
}

static int
load(void)
{
	struct pcn_init_block *b = uncached(&dma.init);
	const uint8_t *mac = pcn.info->mac;
	uint32_t mode = pcn.promiscuous ? INIT_PROMISCUOUS : 0;

	desc_set(&b->mode_lens, mode | INIT_RLEN(RX_LOG2) | INIT_TLEN(TX_LOG2));
	for (uintptr_t i = 0; i < sizeof(b->mac); i++)
		mmio_write8((uintptr_t)b->mac + i, mac[i]);
	/* All groups: which of them are wanted is the classifier's decision. */
	desc_set(&b->multicast[0], 0xffffffff);
	desc_set(&b->multicast[1], 0xffffffff);
	desc_set(&b->rx_ring, paddr_of(dma.rx));
	desc_set(&b->tx_ring, paddr_of(dma.tx));
	dma_barrier();
	return pcn_chip_load(pcn.base, paddr_of(b));
}

/* Add what the chip missed since we last asked. */
static void
count_missed(void)
{
	uint32_t now = pcn_chip_missed(pcn.base);

	pcn.info->missed += (now - pcn.missed) & 0xffff;
	pcn.missed = now;
}

static void
restart(void)
{
	uint8_t mac[6]; /* ours is known already */
	int err;

	count_missed();
	pcn_chip_reset(pcn.base, mac);
	pcn.missed = 0;
	rx_turn();
	tx_turn();
	pcn.sick = false; /* whatever the last descriptors told */
	err = load();
	if (err < 0)
		return; /* it stays stopped; pcn_refresh() tries again */
	csr0_write(pcn.base, CSR0_STRT | CSR0_TDMD | CSR0_IENA);
}

static bool
is_well(uint32_t csr0)
{
	const uint32_t on = CSR0_RXON | CSR0_TXON;

	return (csr0 & (CSR0_STOP | CSR0_MERR | on)) == on;
}

void
pcn_check(void)
{
	uint32_t frames = pcn.info->received + pcn.info->sent;

	pcn.sick = false;
	if (is_well(csr0_read(pcn.base)))
		return;
	if (frames != pcn.frames_then)
		pcn.resets_in_vain = 0;
	pcn.frames_then = frames;
	if (pcn.resets_in_vain >= RESET_TRIES) {
		csr0_write(pcn.base, CSR0_STOP);
		return;
	}
	pcn.resets_in_vain++;
	pcn.info->resets++;
	restart();
}

void
pcn_abandon(uint32_t page)
{
	csr0_write(pcn.base, CSR0_STOP);
	pcn_tx_sieve(page);
	pcn.info->resets++;
	restart();
}

bool
pcn_refresh(void)
{
	if (!pcn.started) /* perhaps there is no chip at all */
		return true;
	pcn.info->link = pcn_chip_link(pcn.base);
	count_missed();
	pcn.resets_in_vain = 0;
	pcn_tx_reclaim();
	return is_well(csr0_read(pcn.base)) && !pcn.sick;
}

void
pcn_promiscuous(bool on)
{
	if (pcn.promiscuous == on)
		return;
	pcn.promiscuous = on;
	if (pcn.started)
		restart();
}

void
pcn_set_consumer(pcn_consumer_t consume)
{
	pcn.consume = consume;
}

int
pcn_init(uint8_t *slots, struct sp_nic_info *info, pcn_consumer_t consume,
	pcn_done_t done)
{
	int err = pcn_chip_find(&pcn.base);

	if (err < 0)
		return err;
	KASSERT(((uintptr_t)slots & (PCN_SLOT - 1)) == 0);
	pcn.info = info;
	pcn.consume = consume;
	pcn.done = done;
	pcn_chip_reset(pcn.base, info->mac);
	for (uint32_t i = 0; i < PCN_RX_SLOTS; i++) {
		pcn_rx_slot(&ring_rx()[i], slots);
		pcn_rx_give(&ring_rx()[i]);
		slots += PCN_SLOT;
	}
	for (uint32_t i = 0; i < PCN_TX_SLOTS; i++) {
		pcn.spare[i] = slots;
		slots += PCN_SLOT;
	}
	pcn.spares = PCN_TX_SLOTS;
	pcn.tx_free = PCN_TX_SLOTS;
	pcn.tx_quick = PCN_TX_SLOTS;
	pcn_credit();
	pcn.rx = ring_rx();
	pcn.tx = ring_tx();
	pcn.tx_oldest = ring_tx();
	info->link = pcn_chip_link(pcn.base);
	return load();
}

void
pcn_start(void)
{
	pcn.started = true;
	csr0_write(pcn.base, CSR0_STRT | CSR0_IENA);
}
