/*
 * burn.c - a handler that takes its time for each frame, and the frame.
 */
#include <ash.h>

enum { TURNS = 8000 };

static volatile uint32_t turns;

int
ash_main(uint32_t len)
{
	(void)len;
	for (uint32_t i = 0; i < TURNS; i++)
		turns++;
	return ash_consume();
}
