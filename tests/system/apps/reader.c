/*
 * reader.c - says of each frame in its packet ring what it is.
 *
 * Prints "NAME: LENGTH TYPE WORD WORD", the words being the halfwords at bytes 18
 * and 20: of an IPv4 datagram its id and what is said of fragments.
 */
#include "apps/lib/app.h"
#include "apps/lib/print.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>

int
app_main(uint32_t a0, uint32_t a1)
{
	struct sp_ring *r = ring_get();

	(void)a0;
	for (;;) {
		while (ring_waiting(r) != 0) {
			uint32_t slot = ring_slot(r);
			const uint8_t *f =
				ring_slot_bytes(slot) + SP_RING_FRAME_AT;

			print("%s: %u %04x %04x %04x\n", app_arg(a1, 0),
				r->slot[slot].len, be16_get(f + 12),
				be16_get(f + 18), be16_get(f + 20));
			ring_next(r);
		}
		(void)sys_wait(SP_EVENT_RING);
	}
}
