/*
 * cap.c - names of the living and the dead.
 *
 * A slot of the environment table is used again, and after 65,535 lives under
 * the same name: so nothing may be left that bears a dead one's.
 */
#include "kernel/core/cap.h"

#include "kernel/core/env.h"
#include "kernel/core/info.h"
#include "kernel/core/release.h"
#include "kernel/lib/string.h"

static struct {
	/* By slot: others were given its name or one below it, so they may have
	 * given it to frames. */
	bool shared[SP_MAX_ENVS];
} caps;

static bool
is_device(const struct sp_cap *c)
{
	return c->len > 0 && c->name[0] >= SP_NAME_CONSOLE;
}

/* The environment named by the first AT + CAP_ENV_BYTES bytes of C, or NULL. */
static const struct env *
env_in_name(const struct sp_cap *c, uint32_t at)
{
	const struct env *e = env_at(c->name[at] - 1u);
	uint32_t len = at + CAP_ENV_BYTES;

	return e != NULL && e->name.len == len &&
			       memcmp(e->name.name, c->name, len) == 0
		       ? e
		       : NULL;
}

/* Where the next element of C after AT begins. */
static uint32_t
next_element(const struct sp_cap *c, uint32_t at)
{
	return at + (c->name[at] < SP_NAME_LABEL ? CAP_ENV_BYTES : 1);
}

int
cap_check_name(const struct sp_cap *c)
{
	if (c->len > SP_CAP_NAME)
		return SP_EINVAL;
	if (is_device(c))
		return SP_OK;
	for (uint32_t at = 0; at < c->len; at = next_element(c, at)) {
		if (c->name[at] >= SP_NAME_LABEL)
			continue;
		if (at + CAP_ENV_BYTES > c->len)
			return SP_EINVAL;
		if (env_in_name(c, at) == NULL)
			return SP_ENOENT;
	}
	return SP_OK;
}

bool
cap_can_parent(const struct sp_cap *c, uint32_t rights)
{
	return (c->rights & rights) == rights && !is_device(c);
}

int
cap_pass(const struct sp_cap *c, const struct env *to)
{
	int err = cap_check_name(c);

	if (err < 0)
		return err;
	for (uint32_t at = 0; !is_device(c) && at < c->len;
		at = next_element(c, at))
		if (c->name[at] < SP_NAME_LABEL && env_in_name(c, at) != to)
			caps.shared[c->name[at] - 1u] = true;
	return SP_OK;
}

int
cap_give(struct env *e, uint32_t slot, const struct sp_cap *c)
{
	int err = cap_pass(c, e);

	if (err == SP_OK)
		e->cap[slot] = *c;
	return err;
}

void
cap_clear(const struct sp_cap *top, const struct env *keeper)
{
	static const struct sp_cap none;

	for (uint32_t i = 0; i < SP_MAX_ENVS; i++) {
		struct env *e = env_at(i);

		for (uint32_t s = 0;
			e != NULL && e != keeper && s < SP_CAP_SLOTS; s++)
			if (e->cap[s].rights != 0 &&
				cap_dominates(top, &e->cap[s]))
				e->cap[s] = none;
	}
}

bool
cap_covers_frame(const struct sp_frame *f, const void *top)
{
	for (uint32_t i = 0; i < SP_ACL; i++)
		if (f->acl.entry[i].rights != 0 &&
			cap_opens(top, &f->acl.entry[i], 0))
			return true;
	return cap_opens(top, &f->name, 0);
}

/* The frame's name is at or below TOP, its owner somebody else. */
static void
rename_frame(struct sp_frame *f, const struct sp_cap *top)
{
	static const struct sp_cap none;
	const struct env *owner = env_at(f->owner - 1u);

	for (uint32_t i = 0; i < SP_ACL; i++)
		if (f->acl.entry[i].rights != 0 &&
			cap_dominates(top, &f->acl.entry[i]))
			f->acl.entry[i] = none;
	if (owner != NULL && cap_opens(top, &f->name, 0) &&
		!cap_opens(top, &owner->name, 0))
		f->name = owner->name;
}

void
cap_forget_env(const struct env *e)
{
	cap_clear(&e->name, NULL);
	if (!caps.shared[e->slot])
		return;
	caps.shared[e->slot] = false;

	const struct page_set set = {
		.count = info.pages_total,
		.match = cap_covers_frame,
		.arg = &e->name,
		.keep_owners = true,
	};

	page_break_set(&set);
	for (uint32_t i = 0; i < info.pages_total; i++) {
		struct sp_frame *f = page_frame(i);

		if (f->kind == SP_FRAME_USER)
			rename_frame(f, &e->name);
	}
}
