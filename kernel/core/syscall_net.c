/*
 * syscall_net.c - the system calls on flows, bindings, rings, handlers and sending.
 *
 * Contracts are in spindle/abi.h; the rules of syscall.c hold here too.
 */
#include "kernel/core/bind.h"
#include "kernel/core/env.h"
#include "kernel/core/handler.h"
#include "kernel/core/pipe.h"
#include "kernel/core/ring.h"
#include "kernel/core/sched.h"
#include "kernel/core/send.h"
#include "kernel/core/syscall.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"

static struct sp_clash clash; /* clear between system calls */

/* Tell the caller what stood in the way; a bad address is his loss. */
static int
report_clash(uint32_t va, int err)
{
	bool told = err == SP_EOVERLAP || err == SP_EUNDECIDED ||
		    err == SP_EEXIST || err == SP_EPERM;

	if (told && va != 0 &&
		user_copy_out(env_current(), va, &clash, sizeof(clash)) < 0)
		err = SP_EFAULT;
	if (err < 0)
		memset(&clash, 0, sizeof(clash));
	return err;
}

int32_t
sys_flow_derive(uint32_t cap, uint32_t va, uint32_t c, uint32_t d)
{
	struct sp_flow f;
	int err = COPY_IN(f, va);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	return report_clash(f.clash_va, flow_derive(cap, &f, &clash));
}

int32_t
sys_flow_drop(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	return flow_drop(cap, id);
}

int32_t
sys_bind(uint32_t cap, uint32_t va, uint32_t c, uint32_t d)
{
	struct sp_bind b;
	int err = COPY_IN(b, va);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	return report_clash(b.clash_va, bind_create(cap, &b, &clash));
}

int32_t
sys_unbind(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	return bind_remove(cap, id);
}

int32_t
sys_ring_create(uint32_t cap, uint32_t id, uint32_t pfn, uint32_t pages)
{
	struct env *e;
	int err = env_open(cap, id, SP_CAP_WRITE, &e);
	bool tape = (pages & SP_TAPE) != 0;

	pages &= ~SP_TAPE;
	if (err < 0)
		return err;
	if (pages > (tape ? SP_TAPE_PAGES : SP_RING_PAGES))
		return SP_EINVAL;
	kernel_interruptible_begin();
	err = syscall_check_frames(cap, pfn, pages, SP_CAP_READ | SP_CAP_WRITE);
	if (err == SP_OK)
		err = ring_create(e, pfn, pages, tape);
	kernel_interruptible_end();
	return err;
}

int32_t
sys_ring_destroy(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	struct ring *r = ring_find(id);

	(void)c;
	(void)d;
	if (r == NULL)
		return SP_ENOENT;
	if (!env_cap_opens(cap, ring_owner(r), SP_CAP_WRITE))
		return SP_EPERM;
	kernel_interruptible_begin();

	bool used = bind_uses(SP_TO_RING, id);

	if (!used)
		ring_destroy(r);
	kernel_interruptible_end();
	return used ? SP_EBUSY : SP_OK;
}

int32_t
sys_upcall_set(uint32_t pc, uint32_t sp, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	env_current()->upcall_pc = pc;
	env_current()->upcall_sp = sp;
	if (pc == 0)
		upcall_cancel(env_current());
	return SP_OK;
}

int32_t
sys_net_send(uint32_t cap, uint32_t va, uint32_t n, uint32_t d)
{
	struct sp_piece piece[SP_GATHER];
	struct env *e = env_current();

	(void)d;
	if (!env_cap_opens(cap, e, SP_CAP_WRITE))
		return SP_EPERM;
	if (n == 0 || n > SP_GATHER)
		return SP_EINVAL;

	int err = user_copy_in(e, piece, va, n * sizeof(piece[0]));

	return err < 0 ? err : send_gather(e, piece, n);
}

/* --- handlers --------------------------------------------------------------- */

int32_t
sys_ash_reserve(uint32_t cap, uint32_t id, uint32_t va, uint32_t d)
{
	struct sp_ash a;
	struct env *e;
	int err = COPY_IN(a, va);

	(void)d;
	if (err == SP_OK)
		err = env_open(cap, id, SP_CAP_WRITE, &e);
	if (err < 0)
		return err;
	kernel_interruptible_begin();
	err = handler_reserve(e, &a);
	if (err > 0 && user_copy_out(env_current(), va, &a, sizeof(a)) < 0) {
		handler_destroy(handler_find((uint32_t)err));
		err = SP_EFAULT;
	}
	kernel_interruptible_end();
	return err;
}

/* The handler ID if CAP opens its owner. */
static int
open_handler(uint32_t cap, uint32_t id, struct handler **out)
{
	struct handler *h = handler_find(id);

	if (h == NULL)
		return SP_ENOENT;
	if (!env_cap_opens(cap, handler_owner(h), SP_CAP_WRITE))
		return SP_EPERM;
	*out = h;
	return SP_OK;
}

int32_t
sys_ash_install(uint32_t cap, uint32_t id, uint32_t va, uint32_t d)
{
	struct sp_ash_code code;
	struct sp_ash_report report;
	struct handler *h = NULL;
	int err = COPY_IN(code, va);

	(void)d;
	if (err == SP_OK)
		err = open_handler(cap, id, &h);
	if (err < 0)
		return err;
	kernel_interruptible_begin();
	err = handler_install(h, env_current(), &code, &report);
	kernel_interruptible_end();
	if (code.report_va != 0 && user_copy_out(env_current(), code.report_va,
					   &report, sizeof(report)) < 0)
		return SP_EFAULT;
	return err;
}

int32_t
sys_ash_pipes(uint32_t cap, uint32_t id, uint32_t va, uint32_t d)
{
	struct sp_pipes p;
	struct handler *h = NULL;
	int err = COPY_IN(p, va);

	(void)d;
	if (err == SP_OK)
		err = open_handler(cap, id, &h);
	if (err < 0)
		return err;
	p.gauge = p.cost = p.pipe = p.word = 0;
	kernel_interruptible_begin();
	err = pipes_set(h, env_current(), &p);
	kernel_interruptible_end();
	if (user_copy_out(env_current(), va, &p, sizeof(p)) < 0)
		return SP_EFAULT;
	return err;
}

int32_t
sys_ash_remove(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	struct handler *h;
	int err = open_handler(cap, id, &h);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	if (bind_uses(SP_TO_ASH, id))
		return SP_EBUSY;
	kernel_interruptible_begin();
	handler_destroy(h);
	kernel_interruptible_end();
	return SP_OK;
}
