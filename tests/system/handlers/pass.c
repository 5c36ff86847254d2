/*
 * pass.c - a handler that wants no frame but counts them.
 */
#include <ash.h>

static volatile uint32_t seen;

int
ash_main(uint32_t len)
{
	(void)len;
	seen++;
	return ash_decline();
}
