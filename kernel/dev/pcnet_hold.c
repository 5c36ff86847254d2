/*
 * pcnet_hold.c - what waits in the transmit ring: whose, and which memory.
 *
 * For those who audit, and who take memory back; frames do not come here.
 */
#include "pcnet_ring.h"

uint32_t
pcn_held(const struct pcn_sender *who)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < PCN_TX_SLOTS; i++)
		n += pcn.who[i] == who;
	return n;
}

void
pcn_pieces(void (*see)(uint32_t paddr))
{
	struct pcn_desc *d = pcn.tx_oldest;

	for (uint32_t n = PCN_TX_SLOTS - pcn.tx_free; n > 0; n--) {
		if (desc_get(&d->slot) == SLOT_PIECE)
			see(desc_get(&d->addr));
		d = ring_next(d, PCN_TX_SLOTS);
	}
}
