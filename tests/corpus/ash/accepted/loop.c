/* loop.c - never ends by itself, but pays: the kernel cuts it off. */
#include <ash.h>

int
ash_main(uint32_t len)
{
	uint32_t turns = len;

	for (;;)
		__asm__ volatile("addiu %0,%0,1" : "+r"(turns));
}
