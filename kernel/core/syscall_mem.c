/*
 * syscall_mem.c - the system calls on page frames and mappings.
 *
 * Contracts are in spindle/abi.h; the rules of syscall.c hold here too.
 */
#include "kernel/board.h"
#include "kernel/core/cap.h"
#include "kernel/core/env.h"
#include "kernel/core/page.h"
#include "kernel/core/release.h"
#include "kernel/core/sched.h"
#include "kernel/core/syscall.h"
#include "kernel/core/user.h"

enum {
	MAP_MAX = 256, /* pages a call */
	ALLOC_MAX = 1024,
};

int32_t
sys_page_alloc(uint32_t cap, uint32_t count, uint32_t align, uint32_t want)
{
	const struct sp_cap *c = env_cap(cap);

	if (c == NULL || (c->rights & SP_CAP_WRITE) == 0)
		return SP_EPERM;
	if (count > ALLOC_MAX)
		return SP_EINVAL;

	struct sp_cap name = *c;

	kernel_interruptible_begin();

	int pfn =
		page_alloc(count, align, want, env_current()->slot + 1, &name);

	kernel_interruptible_end();
	return pfn;
}

int
syscall_check_frames(
	uint32_t cap, uint32_t pfn, uint32_t count, uint32_t rights)
{
	const struct sp_cap *c = env_cap(cap);

	if (c == NULL)
		return SP_EPERM;
	for (uint32_t i = 0; i < count; i++) {
		const struct sp_frame *f = page_frame(pfn + i);

		if (f == NULL || f->kind != SP_FRAME_USER || f->owner == 0)
			return SP_ENOENT;
		if (!cap_opens(c, &f->name, rights))
			return SP_EPERM;
	}
	return SP_OK;
}

int32_t
sys_page_free(uint32_t cap, uint32_t pfn, uint32_t count, uint32_t d)
{
	(void)d;
	if (count == 0 || count > ALLOC_MAX)
		return SP_EINVAL;

	uint32_t me = env_current()->slot + 1;

	kernel_interruptible_begin();

	int err = syscall_check_frames(cap, pfn, count, SP_CAP_WRITE);

	for (uint32_t i = 0; err == SP_OK && i < count; i++)
		if (page_frame(pfn + i)->owner != me)
			err = SP_EPERM;
	if (err == SP_OK)
		page_release(pfn, count, me);
	kernel_interruptible_end();
	return err;
}

/* Is [VA, VA + COUNT pages) where applications may have mappings? */
static bool
range_is_user(uint32_t va, uint32_t count)
{
	return va % SP_PAGE == 0 && count > 0 && count <= MAP_MAX &&
	       va >= SP_PAGE && va < SP_USER_TOP &&
	       count <= (SP_USER_TOP - va) / SP_PAGE &&
	       (va + count * SP_PAGE <= SP_INFO_VA || va >= SP_EXPOSED_END);
}

static int
check_map(const struct sp_map *m)
{
	if (!range_is_user(m->va, m->count) ||
		(m->flags & ~(uint32_t)(SP_MAP_WRITE | SP_MAP_UNCACHED |
					SP_MAP_DEVICE)) != 0)
		return SP_EINVAL;
	if ((m->flags & SP_MAP_DEVICE) == 0)
		return syscall_check_frames(m->cap, m->pfn, m->count,
			m->flags & SP_MAP_WRITE ? SP_CAP_READ | SP_CAP_WRITE
						: SP_CAP_READ);
	/* The board's registers, and only with the root capability. */
	if (env_cap(m->cap) == NULL || !cap_is_root(env_cap(m->cap)))
		return SP_EPERM;
	return m->pfn == MALTA_FPGA / SP_PAGE && m->count == 1 ? SP_OK
							       : SP_EINVAL;
}

static uint32_t
entry_lo(uint32_t pfn, uint32_t flags)
{
	uint32_t lo = pfn << 6 | LO_VALID;

	lo |= flags & SP_MAP_WRITE ? LO_DIRTY : 0;
	return lo | (flags & (SP_MAP_UNCACHED | SP_MAP_DEVICE) ? LO_UNCACHED
							       : LO_CACHED);
}

int32_t
sys_map(uint32_t va, uint32_t b, uint32_t c, uint32_t d)
{
	struct sp_map m;
	struct env *e = NULL;
	int err = COPY_IN(m, va);

	(void)b;
	(void)c;
	(void)d;
	if (err == SP_OK)
		err = env_open(m.cap, m.env, SP_CAP_WRITE, &e);
	if (err < 0)
		return err;
	kernel_interruptible_begin();
	err = check_map(&m);
	if (err == SP_OK && !space_has_room(&e->space, m.count))
		err = SP_EFULL;
	for (uint32_t i = 0; err == SP_OK && i < m.count; i++)
		space_set(&e->space, m.va + i * SP_PAGE,
			entry_lo(m.pfn + i, m.flags));
	kernel_interruptible_end();
	return err;
}

int32_t
sys_unmap(uint32_t cap, uint32_t id, uint32_t va, uint32_t count)
{
	struct env *e;
	int err = env_open(cap, id, SP_CAP_WRITE, &e);

	if (err < 0)
		return err;
	if (!range_is_user(va, count))
		return SP_EINVAL;
	kernel_interruptible_begin();
	for (uint32_t i = 0; i < count; i++)
		space_clear(&e->space, va + i * SP_PAGE);
	kernel_interruptible_end();
	return SP_OK;
}
