/*
 * syscall.c - the system calls: copy in, check, then do.
 *
 * Contracts are in spindle/abi.h.  A call never believes a pointer, a length or
 * a capability; what it must read from the caller it copies once.
 */
#include "kernel/core/syscall.h"

#include "kernel/board.h"
#include "kernel/boot/frame.h"
#include "kernel/console.h"
#include "kernel/core/cap.h"
#include "kernel/core/env.h"
#include "kernel/core/exception.h"
#include "kernel/core/irq.h"
#include "kernel/core/sched.h"
#include "kernel/core/slice.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

enum { CONSOLE_MAX = 256 }; /* bytes a call; the UART is slow */

int32_t
sys_null(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return 0;
}

int32_t
syscall_bad(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return SP_ENOSYS;
}

int32_t
sys_console(uint32_t cap, uint32_t va, uint32_t len, uint32_t d)
{
	char text[CONSOLE_MAX];

	(void)d;
	if (!env_opens_device(cap, SP_NAME_CONSOLE, 0))
		return SP_EPERM;
	if (len > sizeof(text))
		len = sizeof(text);

	int err = user_copy_in(env_current(), text, va, len);

	if (err < 0)
		return err;
	console_write(text, len);
	return (int32_t)len;
}

int32_t
sys_self(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return (int32_t)env_current()->id;
}

/* --- calls after which somebody else may run -------------------------------- */

int32_t
sys_exit(uint32_t code, uint32_t b, uint32_t c, uint32_t d)
{
	(void)b;
	(void)c;
	(void)d;
	kernel_interruptible_begin();
	env_destroy(env_current(), code, 0, 0, 0);
	kernel_interruptible_end();
	sched_run();
}

int32_t
sys_env_kill(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	struct env *e;
	int err = env_open(cap, id, SP_CAP_WRITE, &e);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	kernel_interruptible_begin();
	env_destroy(e, (uint32_t)SP_EKILLED, 0, 0, 0);
	kernel_interruptible_end();
	if (env_current() == NULL) /* killed too */
		sched_run();
	return SP_OK;
}

/* --- environments and capabilities ------------------------------------------- */

int32_t
sys_env_create(uint32_t cap, uint32_t name_va, uint32_t c, uint32_t d)
{
	const struct sp_cap *by = env_cap(cap);
	char name[SP_NAME];
	int err = COPY_IN(name, name_va);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	if (by == NULL || !cap_can_parent(by, SP_CAP_GRANT))
		return SP_EPERM;
	kernel_interruptible_begin();
	err = env_create(by, env_current()->id, name);
	kernel_interruptible_end();
	return err;
}

int32_t
sys_env_start(uint32_t cap, uint32_t id, uint32_t va, uint32_t d)
{
	struct sp_start s;
	struct env *e;
	int err = COPY_IN(s, va);

	(void)d;
	if (err == SP_OK)
		err = env_open(cap, id, SP_CAP_WRITE, &e);
	if (err < 0)
		return err;
	if (env_info(e)->state != SP_ENV_NEW)
		return SP_EBUSY;
	if (s.slices == 0 || s.slices > SP_SLICES)
		return SP_EINVAL;
	if (slice_give(e, s.slices) == 0)
		return SP_EFULL;
	e->context[SP_MAIN].epc = s.pc;
	e->context[SP_MAIN].reg[29] = s.sp;
	e->context[SP_MAIN].reg[4] = s.a0;
	e->context[SP_MAIN].reg[5] = s.a1;
	env_info(e)->state = SP_ENV_RUNNABLE;
	sched_ready(e);
	return SP_OK;
}

int32_t
sys_context_set(uint32_t cap, uint32_t id, uint32_t va, uint32_t d)
{
	struct sp_context c;
	struct env *e = NULL;
	int err = COPY_IN(c, va);

	(void)d;
	if (err == SP_OK)
		err = env_open(cap, id, SP_CAP_WRITE, &e);
	return err < 0 ? err : context_set(e, &c);
}

/* --- devices ------------------------------------------------------------------ */

int32_t
sys_irq_bind(uint32_t cap, uint32_t line, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	if (!env_opens_device(cap, SP_NAME_IRQ, (uint8_t)line))
		return SP_EPERM;
	return irq_bind(env_current(), line);
}

int32_t
sys_irq_ack(uint32_t cap, uint32_t line, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	if (!env_opens_device(cap, SP_NAME_IRQ, (uint8_t)line))
		return SP_EPERM;
	return irq_ack(env_current(), line);
}

int32_t
sys_halt(uint32_t cap, uint32_t status, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	if (env_cap(cap) == NULL || !cap_is_root(env_cap(cap)))
		return SP_EPERM;
	kprintf("spindle: halt, status %u\n", status & 0xff);
	board_exit(status & 0xff);
}

/* --- tables ------------------------------------------------------------------- */

_Static_assert(SYSCALL_COUNT == SP_CALL_COUNT, "boot/vectors.S");

#define PLAIN(name)    [SP_CALL_##name] = sys_##name
#define LATER(name)    [SP_CALL_##name] = syscall_bad
#define SWITCHES(name) [SP_CALL_##name] = syscall_switching

const syscall_t syscall_table[SP_CALL_COUNT] = {
	PLAIN(null),
	PLAIN(console),
	PLAIN(self),
	SWITCHES(yield),
	SWITCHES(wait),
	SWITCHES(exit),
	PLAIN(page_alloc),
	PLAIN(page_free),
	PLAIN(map),
	PLAIN(unmap),
	PLAIN(env_create),
	PLAIN(env_start),
	SWITCHES(env_kill),
	PLAIN(cap_grant),
	PLAIN(flow_derive),
	PLAIN(flow_drop),
	PLAIN(bind),
	PLAIN(unbind),
	PLAIN(ring_create),
	PLAIN(ring_destroy),
	PLAIN(upcall_set),
	SWITCHES(upcall_done),
	PLAIN(net_send),
	PLAIN(ash_reserve),
	PLAIN(ash_install),
	PLAIN(ash_pipes),
	PLAIN(ash_remove),
	PLAIN(irq_bind),
	PLAIN(irq_ack),
	PLAIN(halt),
	PLAIN(filter_run),
	PLAIN(context_set),
	PLAIN(slice_take),
	PLAIN(slice_free),
	SWITCHES(sleep_until),
	PLAIN(tlb_write),
	PLAIN(tlb_delete),
	PLAIN(page_acl),
	PLAIN(revoke),
	PLAIN(cap_revoke),
	PLAIN(audit),
};

const syscall_t syscall_switching_table[SP_CALL_COUNT] = {
	PLAIN(yield),
	PLAIN(wait),
	PLAIN(exit),
	PLAIN(env_kill),
	PLAIN(upcall_done),
	PLAIN(sleep_until),
};
