/* algos.c - what ashcc makes of algos.h; the tests compare with the host's. */
#include <ash.h>

#include "algos.h"

static volatile uint32_t result[2];

int
ash_main(uint32_t len)
{
	result[1] = 0x600df00d;
	result[0] = algos(len);
	return ash_consume();
}
