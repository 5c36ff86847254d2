/*
 * cap.h - capabilities: hierarchical names, prefix dominance (Xok).
 *
 * Checking is a mask and a compare; restriction appends; grants are explicit.
 */
#ifndef KERNEL_CORE_CAP_H
#define KERNEL_CORE_CAP_H

#include <spindle/abi.h>
#include <stdbool.h>

/* What an environment's part of a name takes: see sp_device_name in abi.h. */
enum { CAP_ENV_BYTES = 2 };

/* True when HOLDER opens a resource named NAME for all of RIGHTS. */
static inline bool
cap_opens(
	const struct sp_cap *holder, const struct sp_cap *name, uint32_t rights)
{
	if ((holder->rights & rights) != rights || holder->len > name->len)
		return false;
	for (uint32_t i = 0; i < holder->len; i++)
		if (holder->name[i] != name->name[i])
			return false;
	return true;
}

/* The root dominates everything: length 0, all rights. */
static inline bool
cap_is_root(const struct sp_cap *c)
{
	return c->len == 0 && c->rights == SP_CAP_ALL;
}

/* True when LOWER may be made from HIGHER: longer or equal name, no new right. */
static inline bool
cap_dominates(const struct sp_cap *higher, const struct sp_cap *lower)
{
	return cap_opens(higher, lower, lower->rights);
}

#endif /* KERNEL_CORE_CAP_H */
