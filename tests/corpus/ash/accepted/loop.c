/* loop.c - never ends by itself, but pays: the kernel cuts it off. */
#include <ash.h>

int
ash_main(__attribute__((unused)) uint32_t len)
{
	for (;;)
		continue;
}
