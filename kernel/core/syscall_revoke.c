/*
 * syscall_revoke.c - the system calls of those who give rights, and of those who
 * doubt.
 *
 * Contracts are in spindle/abi.h; the rules of syscall.c hold here too.
 */
#include "kernel/core/audit.h"
#include "kernel/core/cap.h"
#include "kernel/core/env.h"
#include "kernel/core/info.h"
#include "kernel/core/release.h"
#include "kernel/core/revoke.h"
#include "kernel/core/sched.h"
#include "kernel/core/syscall.h"
#include "kernel/core/user.h"

int32_t
sys_cap_grant(uint32_t cap, uint32_t id, uint32_t where, uint32_t va)
{
	const struct sp_cap *by = env_cap(cap);
	uint32_t slot = where & 0xff, opener = where >> 8;
	struct sp_cap lower;
	struct env *e;
	int err = COPY_IN(lower, va);

	if (err == SP_OK)
		err = env_open(
			opener == 0 ? cap : opener - 1, id, SP_CAP_WRITE, &e);
	if (err < 0)
		return err;
	if (slot >= SP_CAP_SLOTS || lower.len > SP_CAP_NAME ||
		(lower.rights & ~(uint32_t)SP_CAP_ALL) != 0)
		return SP_EINVAL;
	if (by == NULL || (by->rights & SP_CAP_GRANT) == 0 ||
		!cap_dominates(by, &lower))
		return SP_EPERM;
	return cap_give(e, slot, &lower);
}

int32_t
sys_cap_revoke(uint32_t cap, uint32_t va, uint32_t c, uint32_t d)
{
	const struct sp_cap *by = env_cap(cap);
	struct sp_cap top;
	int err = COPY_IN(top, va);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	if (top.len > SP_CAP_NAME || top.rights == 0 ||
		(top.rights & ~(uint32_t)SP_CAP_ALL) != 0)
		return SP_EINVAL;
	if (by == NULL || (by->rights & SP_CAP_GRANT) == 0 ||
		!cap_dominates(by, &top))
		return SP_EPERM;

	const struct page_set set = {
		.count = info.pages_total,
		.match = cap_covers_frame,
		.arg = &top,
		.keep_owners = true,
	};

	kernel_interruptible_begin();
	cap_clear(&top, env_current());
	page_break_set(&set);
	kernel_interruptible_end();
	return SP_OK;
}

int32_t
sys_revoke(uint32_t cap, uint32_t va, uint32_t c, uint32_t d)
{
	struct sp_revoke r;
	struct env *e = NULL;
	int err = COPY_IN(r, va);

	(void)c;
	(void)d;
	if (err == SP_OK)
		err = env_open(cap, r.env, SP_CAP_WRITE, &e);
	return err < 0 ? err : revoke_request(e, &r);
}

int32_t
sys_audit(uint32_t cap, uint32_t va, uint32_t bytes, uint32_t d)
{
	const char *text;
	size_t len;

	(void)d;
	if (env_cap(cap) == NULL || !cap_is_root(env_cap(cap)))
		return SP_EPERM;
	kernel_interruptible_begin();

	int wrong = audit_run(&text, &len);
	int err = user_copy_out(
		env_current(), va, text, len < bytes ? len : bytes);

	kernel_interruptible_end();
	return err < 0 ? err : wrong;
}
