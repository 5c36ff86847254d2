/*
 * syscall_cpu.c - the system calls on time: slices, yielding, sleeping.
 *
 * Contracts are in spindle/abi.h; the rules of syscall.c hold here too.
 */
#include "kernel/core/env.h"
#include "kernel/core/info.h"
#include "kernel/core/predicate.h"
#include "kernel/core/sched.h"
#include "kernel/core/slice.h"
#include "kernel/core/syscall.h"
#include "kernel/core/turn.h"
#include "kernel/core/user.h"

/* May the caller's CAP dispose of position AT?  SP_OK, SP_EINVAL or SP_EBUSY
 * (somebody else's). */
static int
check_position(uint32_t cap, uint32_t at)
{
	struct env *holder;

	if (at >= SP_SLICES)
		return SP_EINVAL;
	if (info.slice[at] != 0 &&
		env_open(cap, info.slice[at], SP_CAP_WRITE, &holder) < 0)
		return SP_EBUSY;
	return SP_OK;
}

int32_t
sys_slice_take(uint32_t cap, uint32_t id, uint32_t at, uint32_t d)
{
	struct env *e;
	int err = env_open(cap, id, SP_CAP_WRITE, &e);

	(void)d;
	if (err == SP_OK)
		err = check_position(cap, at);
	if (err == SP_OK)
		slice_set(at, e);
	return err;
}

int32_t
sys_slice_free(uint32_t cap, uint32_t at, uint32_t c, uint32_t d)
{
	int err = check_position(cap, at);

	(void)c;
	(void)d;
	if (err == SP_EBUSY)
		return SP_EPERM;
	if (err == SP_OK && info.slice[at] == 0)
		return SP_ENOENT;
	if (err == SP_OK)
		slice_clear(at);
	return err;
}

/* --- giving up the CPU ------------------------------------------------------- */

int32_t
sys_yield(uint32_t id, uint32_t b, uint32_t c, uint32_t d)
{
	struct env *e = env_find(id);

	(void)b;
	(void)c;
	(void)d;
	if (e == NULL)
		return SP_ENOENT;
	sched_yield(id == 0 ? NULL : e);
}

int32_t
sys_wait(uint32_t mask, uint32_t b, uint32_t c, uint32_t d)
{
	struct env *e = env_current();
	uint32_t now = e->events & mask;

	(void)b;
	(void)c;
	(void)d;
	if (mask == 0 || env_level(e) != SP_MAIN)
		return SP_EINVAL;
	if (now != 0) {
		e->events &= ~mask;
		return (int32_t)now;
	}
	turn_left(e);
	e->wait_mask = mask;
	env_info(e)->state = SP_ENV_WAITING;
	sched_ready(e);
	sched_run();
}

int32_t
sys_upcall_done(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	struct env *e = env_current();

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (env_level(e) != SP_UPCALL)
		return SP_EINVAL;
	env_upcall_leave(e);
	sched_ready(e);
	sched_upcall_done();
}

int32_t
sys_sleep_until(uint32_t va, uint32_t b, uint32_t c, uint32_t d)
{
	struct env *e = env_current();
	struct sp_predicate p;
	int err = COPY_IN(p, va);

	(void)b;
	(void)c;
	(void)d;
	if (err == SP_OK && env_level(e) != SP_MAIN)
		err = SP_EINVAL;
	if (err == SP_OK)
		err = predicate_set(e, &p);
	if (err != SP_OK)
		return err;
	turn_left(e);
	sched_run();
}
