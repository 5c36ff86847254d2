/*
 * spin.c - a handler that never ends by itself.
 */
#include <ash.h>

static volatile uint32_t turns;

int
ash_main(uint32_t len)
{
	(void)len;
	for (;;)
		turns++;
}
