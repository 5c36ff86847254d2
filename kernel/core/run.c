/*
 * run.c - judge frames that lie in an application's memory.
 *
 * The same code that judges the wire's frames (receive.c), with interrupts on: a
 * batch of frames is a long call, and nobody waits for its verdicts.  So filters
 * that only judge such frames may take any time; theirs is a set of their own.
 */
#include "kernel/core/bind_table.h"
#include "kernel/core/classifier.h"
#include "kernel/core/env.h"
#include "kernel/core/sched.h"
#include "kernel/core/syscall.h"
#include "kernel/core/user.h"
#include "kernel/mips.h"

#include <stddef.h>

struct classifier bind_tests = { .kind = DPF_SET_ALL, .share = 16 };

/* One system call at a time. */
static struct {
	uint8_t frame[2 + SP_RUN_LONGEST] __attribute__((aligned(4)));
	uint16_t verdict[1 + SP_MAX_BINDINGS];
} run;

/* The slots of all that accept the frame taken, into the verdict. */
static uint32_t
ask(enum sp_run_set set, const struct sp_run_frame *f)
{
	const struct classifier *all =
		set == SP_RUN_TAPS ? &bind_taps : &bind_tests;
	uint16_t *ids = run.verdict + 1;

	if (set != SP_RUN_RECEIVE)
		return all->filters == 0 ? 0
					 : classifier_all(all, run.frame + 2,
						   f->len, f->wirelen, ids);
	return bind_whose(run.frame + 2, f->len, f->wirelen, ids);
}

/* The frame at OFF of the buffer; returns how many bytes it takes there. */
static int
take(const struct sp_run *r, uint32_t off, struct sp_run_frame *f)
{
	const struct env *e = env_current();
	uint32_t left = r->frames_bytes - off;
	int err;

	if (left < sizeof(*f))
		return SP_EINVAL;
	err = user_copy_in(e, f, r->frames_va + off, sizeof(*f));
	if (err < 0)
		return err;
	left -= sizeof(*f);
	if (f->len > SP_RUN_LONGEST || f->len > left)
		return SP_EINVAL;
	err = user_copy_in(
		e, run.frame + 2, r->frames_va + off + sizeof(*f), f->len);
	return err < 0 ? err : (int)(sizeof(*f) + ((f->len + 3) & ~3u));
}

/* Judge the frame taken; the verdict goes to OFF of its buffer.  Returns its
 * bytes. */
static int
judge(struct sp_run *r, uint32_t off, const struct sp_run_frame *f)
{
	uint32_t before = cp0_get_count();
	uint32_t n = ask((enum sp_run_set)r->set, f);
	uint32_t bytes = (1 + n) * sizeof(run.verdict[0]);
	int err;

	r->count += cp0_get_count() - before;
	run.verdict[0] = (uint16_t)n;
	if (bytes > r->verdicts_bytes - off)
		return SP_EFULL;
	err = user_copy_out(
		env_current(), r->verdicts_va + off, run.verdict, bytes);
	return err < 0 ? err : (int)bytes;
}

static int
judge_all(struct sp_run *r)
{
	uint32_t in = 0, out = 0;
	int n = 0, err = SP_OK;

	while (n < SP_RUN_MOST && (n == 0 || in < r->frames_bytes)) {
		struct sp_run_frame f;
		int taken = take(r, in, &f);

		err = taken < 0 ? taken : judge(r, out, &f);
		if (err < 0)
			break;
		in += (uint32_t)taken;
		out += (uint32_t)err;
		n++;
	}
	return n > 0 ? n : err;
}

int32_t
sys_filter_run(uint32_t cap, uint32_t va, uint32_t c, uint32_t d)
{
	struct sp_run r;
	int err = COPY_IN(r, va);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	if (!env_opens_device(cap, SP_NAME_NIC, 0))
		return SP_EPERM;
	if (r.set > SP_RUN_TEST)
		return SP_EINVAL;
	r.count = 0;
	kernel_interruptible_begin();

	int n = judge_all(&r);

	if (n > 0)
		err = user_copy_out(env_current(),
			va + offsetof(struct sp_run, count), &r.count,
			sizeof(r.count));
	kernel_interruptible_end();
	return err < 0 ? err : n;
}
