/*
 * net_pace.c - an application that watches the clock while frames come.
 *
 * Begins with the first frame in its ring and empties the ring until there were
 * FRAMES.  Prints "net: gap G ticks T of E": the longest time it did not run, in
 * units of CP0 Count, the ticks of the kernel, and how many there should have been.
 */
#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"

enum {
	TICK = 1666667, /* 10 ms at 6 ns a count */
	FRAMES = 500,
};

int
app_main(uint32_t a0, uint32_t a1)
{
	struct sp_ring *r = ring_get();
	const uint32_t *ticks = &app_info()->ticks;
	uint32_t first, tick, last, now, gap = 0, due = 0;

	(void)a0;
	(void)a1;
	print("net: ready\n");
	(void)sys_wait(SP_EVENT_RING);
	first = mmio_load(ticks);
	tick = last = sys_count();
	for (uint32_t frames = 0; frames < FRAMES;) {
		now = sys_count();
		if (now - last > gap)
			gap = now - last;
		last = now;
		for (; ring_waiting(r) > 0; frames++)
			ring_next(r);
		now = sys_count();
		for (; now - tick >= TICK; tick += TICK)
			due++;
	}
	print("net: gap %u ticks %u of %u\n", gap, mmio_load(ticks) - first,
		due);
	return 0;
}
