/*
 * slice.c - who holds which position of the slice vector.
 *
 * What runs when a slice comes up is decided in sched.c.
 */
#include "kernel/core/slice.h"

#include "kernel/core/info.h"

#include <stddef.h>

void
slice_clear(uint32_t at)
{
	const struct env *e =
		info.slice[at] == 0 ? NULL : env_find(info.slice[at]);

	if (e != NULL)
		env_info(e)->slices--;
	info.slice[at] = 0;
}

void
slice_set(uint32_t at, const struct env *e)
{
	slice_clear(at);
	info.slice[at] = e->id;
	env_info(e)->slices++;
}

uint32_t
slice_give(const struct env *e, uint32_t n)
{
	uint32_t got = 0;

	for (uint32_t at = 0; at < SP_SLICES && got < n; at++) {
		if (info.slice[at] != 0)
			continue;
		slice_set(at, e);
		got++;
	}
	return got;
}

void
slice_forget_owner(const struct env *e)
{
	for (uint32_t at = 0; at < SP_SLICES; at++)
		if (info.slice[at] == e->id)
			slice_clear(at);
}
