/*
 * syscall_revoke.c - the system calls of those who give rights, and of those who
 * doubt.
 *
 * Contracts are in spindle/abi.h; the rules of syscall.c hold here too.
 */
#include "kernel/core/audit.h"
#include "kernel/core/cap.h"
#include "kernel/core/env.h"
#include "kernel/core/sched.h"
#include "kernel/core/syscall.h"
#include "kernel/core/user.h"

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
