/*
 * cap.h - capabilities: hierarchical names, prefix dominance (Xok).
 *
 * Checking is a mask and a compare; restriction appends; grants are explicit.
 * A capability is checked when something is bound, so what revocation and death
 * must find is every capability and every binding made by one.
 */
#ifndef KERNEL_CORE_CAP_H
#define KERNEL_CORE_CAP_H

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>

struct env;

/* What an environment's part of a name takes: see sp_device_name in abi.h. */
enum { CAP_ENV_BYTES = 3 };

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

/* A name that leads somewhere: SP_OK, SP_EINVAL (it ends inside an environment)
 * or SP_ENOENT (nobody lives there). */
int cap_check_name(const struct sp_cap *c) SP_MUST_CHECK;

/* May environments and frames be named below C?  Not below a device. */
bool cap_can_parent(const struct sp_cap *c, uint32_t rights);

/*
 * Somebody else is to have or to be listed with C: so that what bears its name is
 * found when that dies.  SP_OK or what cap_check_name() says.
 */
int cap_pass(const struct sp_cap *c, const struct env *to) SP_MUST_CHECK;

/* Give E the capability C in SLOT; likewise. */
int cap_give(
	struct env *e, uint32_t slot, const struct sp_cap *c) SP_MUST_CHECK;

/* Everybody but KEEPER (NULL: everybody) loses what TOP dominates. */
void cap_clear(const struct sp_cap *top, const struct env *keeper);

/* Frames that bear a name at or below a struct sp_cap, or list one: for sets of
 * frames (core/release.h). */
bool cap_covers_frame(const struct sp_frame *f, const void *top);

/*
 * E dies, with all below it: no capability at or below its name is left, nor what
 * others bound by one; frames of others that bear it are named after their
 * owners.  Long: interrupts are on.
 */
void cap_forget_env(const struct env *e);

#endif /* KERNEL_CORE_CAP_H */
