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

	if (c == NULL || !cap_can_parent(c, SP_CAP_WRITE))
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

/* Does HOLDER open F for RIGHTS, by its name or because its owner said so? */
static bool
opens_frame(
	const struct sp_cap *holder, const struct sp_frame *f, uint32_t rights)
{
	if (cap_opens(holder, &f->name, rights))
		return true;
	for (int i = 0; i < SP_ACL; i++) {
		const struct sp_cap *e = &f->acl.entry[i];

		if (e->rights != 0 && (e->rights & rights) == rights &&
			cap_opens(holder, e, rights))
			return true;
	}
	return false;
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
		if (!opens_frame(c, f, rights))
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

/* --- who else may bind them ----------------------------------------------------- */

static bool
acl_is_good(const struct sp_acl *acl)
{
	for (int i = 0; i < SP_ACL; i++) {
		const struct sp_cap *e = &acl->entry[i];

		if (e->len > SP_CAP_NAME ||
			(e->rights & ~(SP_CAP_READ | SP_CAP_WRITE)) != 0)
			return false;
	}
	return true;
}

/* May everybody whom entry OLD lets in come in by ACL too? */
static bool
is_kept(const struct sp_cap *old, const struct sp_acl *acl)
{
	for (int i = 0; i < SP_ACL; i++)
		if ((acl->entry[i].rights & old->rights) == old->rights &&
			cap_opens(old, &acl->entry[i], 0))
			return true;
	return old->rights == 0;
}

static bool
is_narrowed(const struct sp_frame *f, const void *acl)
{
	for (int i = 0; i < SP_ACL; i++)
		if (!is_kept(&f->acl.entry[i], acl))
			return true;
	return false;
}

static int
check_grant(const struct sp_cap *c, uint32_t pfn, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct sp_frame *f = page_frame(pfn + i);

		if (f == NULL || f->kind != SP_FRAME_USER || f->owner == 0)
			return SP_ENOENT;
		if (c == NULL || !cap_opens(c, &f->name, SP_CAP_GRANT))
			return SP_EPERM;
	}
	return SP_OK;
}

int32_t
sys_page_acl(uint32_t cap, uint32_t pfn, uint32_t count, uint32_t va)
{
	struct sp_acl acl;
	const struct page_set narrowed = {
		.first = pfn,
		.count = count,
		.match = is_narrowed,
		.arg = &acl,
		.keep_owners = true,
	};
	int err = COPY_IN(acl, va);

	if (err < 0)
		return err;
	if (count == 0 || count > ALLOC_MAX || !acl_is_good(&acl))
		return SP_EINVAL;
	kernel_interruptible_begin();
	err = check_grant(env_cap(cap), pfn, count);
	for (int i = 0; err == SP_OK && i < SP_ACL; i++)
		if (acl.entry[i].rights != 0)
			err = cap_pass(&acl.entry[i], NULL);
	if (err == SP_OK)
		page_break_set(&narrowed);
	for (uint32_t i = 0; err == SP_OK && i < count; i++)
		page_frame(pfn + i)->acl = acl;
	kernel_interruptible_end();
	return err;
}

/* --- mappings and bindings -------------------------------------------------------- */

/* Is [VA, VA + COUNT pages) where applications may have mappings? */
static bool
range_is_user(uint32_t va, uint32_t count)
{
	return va % SP_PAGE == 0 && count > 0 && count <= MAP_MAX &&
	       va >= SP_PAGE && va < SP_USER_TOP &&
	       count <= (SP_USER_TOP - va) / SP_PAGE &&
	       (va + count * SP_PAGE <= SP_INFO_VA || va >= SP_EXPOSED_END);
}

static uint32_t
map_rights(uint32_t flags)
{
	return flags & SP_MAP_WRITE ? SP_CAP_READ | SP_CAP_WRITE : SP_CAP_READ;
}

static int
check_map(const struct sp_map *m)
{
	if (!range_is_user(m->va, m->count) ||
		(m->flags & ~(uint32_t)(SP_MAP_WRITE | SP_MAP_UNCACHED |
					SP_MAP_DEVICE)) != 0)
		return SP_EINVAL;
	if ((m->flags & SP_MAP_DEVICE) == 0)
		return syscall_check_frames(
			m->cap, m->pfn, m->count, map_rights(m->flags));
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
	struct env *e = env_current(); /* whose own addresses are its own */
	int err = COPY_IN(m, va);

	(void)b;
	(void)c;
	(void)d;
	if (err == SP_OK && m.env != 0)
		err = env_open(m.cap, m.env, SP_CAP_WRITE, &e);
	if (err < 0)
		return err;
	kernel_interruptible_begin();
	err = check_map(&m);
	if (err == SP_OK && !space_has_room(&e->space, m.va, m.count))
		err = SP_EFULL;
	for (uint32_t i = 0; err == SP_OK && i < m.count; i++)
		err = space_set(&e->space, m.va + i * SP_PAGE,
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

int32_t
sys_tlb_write(uint32_t cap, uint32_t va, uint32_t pfn, uint32_t flags)
{
	struct space *s = &env_current()->space;

	if (!range_is_user(va, 1) ||
		(flags & ~(uint32_t)(SP_MAP_WRITE | SP_MAP_UNCACHED)) != 0)
		return SP_EINVAL;

	int err = syscall_check_frames(cap, pfn, 1, map_rights(flags));

	if (err < 0)
		return err;
	if (space_get(s, va) != 0)
		return SP_EEXIST;
	space_bind(s, va, entry_lo(pfn, flags));
	return SP_OK;
}

int32_t
sys_tlb_delete(uint32_t va, uint32_t count, uint32_t c, uint32_t d)
{
	const struct space *s = &env_current()->space;

	(void)c;
	(void)d;
	if (!range_is_user(va, count))
		return SP_EINVAL;
	kernel_interruptible_begin();
	for (uint32_t i = 0; i < count; i++)
		space_unbind(s, va + i * SP_PAGE);
	kernel_interruptible_end();
	return SP_OK;
}
