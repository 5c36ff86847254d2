/* services.c - wakes its owner, reads the clock, divides. */
#include <ash.h>

static uint32_t last, mean;

int
ash_main(uint32_t len)
{
	uint32_t now = ash_clock();

	mean = (mean * 7 + (now - last)) / (len % 8);
	last = now;
	if (mean % 3 != 0)
		ash_wake();
	return ash_decline();
}
