/*
 * trip.c - a handler that loads a word where none can be loaded.
 */
#include <ash.h>

int
ash_main(uint32_t len)
{
	return (int)frame_raw32_at(len, 1); /* odd, unless LEN is */
}
