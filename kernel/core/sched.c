/*
 * sched.c - round robin over the slice vector; upcalls go first.
 */
#include "kernel/core/sched.h"

#include "kernel/boot/frame.h"
#include "kernel/core/audit.h"
#include "kernel/core/info.h"
#include "kernel/core/irq.h"
#include "kernel/core/predicate.h"
#include "kernel/core/slice.h"
#include "kernel/dev/pcnet.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

enum {
	TICK_COUNTS = 1666667, /* 10 ms at 6 ns a count */
	SOON_COUNTS = 2000,    /* a tick that is overdue */
	ASH_LIMIT_COUNTS =
		41666667, /* 250 ms: behind the budget, not instead */
};

struct cpu cpu;

static struct {
	uint32_t position; /* in the slice vector */
	uint32_t lines;    /* ST_IM* that may interrupt */
	bool ticking;
	uint32_t tick_due;       /* CP0 Count */
	uint32_t ready;          /* bit per environment slot: may run */
	uint32_t asleep;         /* likewise: its predicate is asked */
	uint32_t upcalls;        /* likewise: wants an upcall */
	struct env *interrupted; /* whom an upcall pushed aside */
} sched;

static void
set_lines(uint32_t lines)
{
	sched.lines = lines;
	cpu.user_status = lines | ST_IM7 | ST_IE | ST_UM | ST_EXL;
	cpu.idle_status = lines | ST_IE;
}

void
sched_init(void)
{
	set_lines(0);
	cpu.ash_limit = ASH_LIMIT_COUNTS;
}

void
irq_allow(uint32_t lines)
{
	set_lines(sched.lines | lines);
}

void
irq_forbid(uint32_t lines)
{
	set_lines(sched.lines & ~lines);
}

bool
irq_is_allowed(uint32_t line)
{
	return (sched.lines & line) != 0;
}

void
kernel_interruptible_begin(void)
{
	cp0_set_status(sched.lines | ST_IM7 | ST_IE);
}

void
kernel_interruptible_end(void)
{
	cp0_set_status(0);
}

void
sched_remove(struct env *e)
{
	slice_forget_owner(e);
	sched.upcalls &= ~(1u << e->slot);
	sched.ready &= ~(1u << e->slot);
	sched.asleep &= ~(1u << e->slot);
	if (sched.interrupted == e)
		sched.interrupted = NULL;
}

/* The idle path always ends in sched_run(); nobody else is pushed aside before
 * the slice is over. */
void
sched_ready(const struct env *e)
{
	uint32_t bit = 1u << e->slot;

	if (env_is_runnable(e))
		sched.ready |= bit;
	else
		sched.ready &= ~bit;
	if (env_info(e)->state == SP_ENV_SLEEPING)
		sched.asleep |= bit;
	else
		sched.asleep &= ~bit;
}

void
upcall_request(struct env *e)
{
	if (e->upcall_pc == 0)
		return;
	sched.upcalls |= 1u << e->slot;
	cpu.resched = 1;
}

void
upcall_cancel(struct env *e)
{
	if ((sched.upcalls >> e->slot & 1) == 0)
		return;
	sched.upcalls &= ~(1u << e->slot);
	env_post(e, SP_EVENT_RING);
}

static void
tick_start(void)
{
	if (sched.ticking)
		return;
	sched.ticking = true;
	sched.tick_due = cp0_get_count() + TICK_COUNTS;
	cp0_set_compare(sched.tick_due);
}

void
timer_repair(void)
{
	uint32_t now = cp0_get_count();

	if (!sched.ticking)
		return;
	if ((int32_t)(sched.tick_due - now) > SOON_COUNTS)
		cp0_set_compare(sched.tick_due);
	else
		cp0_set_compare(now + SOON_COUNTS);
}

/* Compare also stands behind handlers: only a tick that is due is one. */
bool
timer_is_due(void)
{
	return sched.ticking &&
	       (int32_t)(cp0_get_count() - sched.tick_due) >= 0;
}

void
timer_tick(void)
{
	uint32_t now = cp0_get_count();

	info.ticks++;
	sched.tick_due += TICK_COUNTS;
	if ((int32_t)(sched.tick_due - now) < SOON_COUNTS)
		sched.tick_due = now + TICK_COUNTS;
	cp0_set_compare(sched.tick_due);
	if (env_current() != NULL)
		env_info(env_current())->ticks++;
	cpu.resched = 1;
}

static void
switch_to(struct env *e)
{
	cpu.resched = 0;
	tick_start();
	env_set_current(e);
}

_Noreturn void
sched_run_env(struct env *e)
{
	while (e->calling != NULL) /* its slices serve its calls */
		e = e->calling;
	switch_to(e);
	context_resume(e->ctx);
}

/* Enter the upcall of the lowest slot that wants one and is not in one. */
static void
run_upcall(void)
{
	for (uint32_t left = sched.upcalls; left != 0; left &= left - 1) {
		uint32_t slot = (uint32_t)__builtin_ctz(left);
		struct env *e = env_find(info.env[slot].id);

		if (e == NULL || env_level(e) == SP_UPCALL)
			continue;
		sched.upcalls &= ~(1u << slot);
		if (sched.interrupted == NULL && env_current() != NULL &&
			env_goes_on(env_current()))
			sched.interrupted = env_current();
		env_upcall_enter(e);
		sched_ready(e);
		env_info(e)->upcalls++;
		switch_to(e);
		context_start(e->upcall_pc, e->upcall_sp);
	}
}

/* Does E, whose slice has come up, run?  A sleeper is asked once a round. */
static bool
takes_slice(uint32_t bit, const struct env *e, uint32_t *ask)
{
	if ((*ask & bit) != 0) {
		*ask &= ~bit;
		(void)predicate_wake(e);
	}
	return (sched.ready & bit) != 0;
}

static void
run_slices(void)
{
	uint32_t ask = sched.asleep & ~sched.ready;

	if ((sched.ready | ask) == 0)
		return;
	/* Alone: whichever slice comes next is its own to use. */
	if (ask == 0 && (sched.ready & (sched.ready - 1)) == 0) {
		uint32_t slot = (uint32_t)__builtin_ctz(sched.ready);

		if (info.env[slot].slices == 0)
			return;
		sched_run_env(env_find(info.env[slot].id));
	}
	for (uint32_t i = 1; i <= SP_SLICES; i++) {
		uint32_t at = (sched.position + i) % SP_SLICES;
		uint32_t id = info.slice[at];
		uint32_t bit = 1u << (id & 31);

		if (id == 0 || ((sched.ready | ask) & bit) == 0 ||
			!takes_slice(bit, env_find(id), &ask))
			continue;
		sched.position = at;
		sched_run_env(env_find(id));
	}
}

/* Nobody runs; the tick goes on for those who must be asked. */
static void
idle(void)
{
	env_set_current(NULL);
	if (sched.asleep != 0)
		tick_start();
	else
		sched.ticking = false;
	irq_resume_nic();
	cpu_idle();
}

_Noreturn void
sched_run(void)
{
	for (;;) {
		struct env *back = sched.interrupted;

		cpu.resched = 0;
		if (sched.upcalls != 0)
			run_upcall();
		sched.interrupted = NULL;
		if (back != NULL && env_goes_on(back))
			sched_run_env(back);
		run_slices();
		idle();
	}
}

/* --- audit -------------------------------------------------------------------- */

/* Interrupts make environments ready and ask for upcalls. */
static void
check_bits(uint32_t slot)
{
	uint32_t status = irq_off();
	const struct env *e = env_at(slot);
	bool ready = (sched.ready >> slot & 1) != 0;
	bool upcall = (sched.upcalls >> slot & 1) != 0;

	if (ready != (e != NULL && env_is_runnable(e)))
		audit_fail("env slot %u: ready %u in state %u", slot, ready,
			info.env[slot].state);
	if (upcall && (e == NULL || e->upcall_pc == 0))
		audit_fail("env slot %u: is due an upcall", slot);
	irq_restore(status);
}

void
sched_audit(void)
{
	uint32_t slices[SP_MAX_ENVS] = { 0 };

	for (uint32_t i = 0; i < SP_SLICES; i++) {
		uint32_t id = info.slice[i];
		const struct env *e = env_at(id & 0xff);

		if (id == 0)
			continue;
		if (e == NULL || e->id != id)
			audit_fail("slice %u: %08x is not alive", i, id);
		else
			slices[e->slot]++;
	}
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++) {
		if (slices[i] != info.env[i].slices)
			audit_fail("env slot %u: %u slices, counted %u", i,
				info.env[i].slices, slices[i]);
		check_bits(i);
	}
	if (sched.interrupted != NULL)
		(void)audit_owner(sched.interrupted, "scheduler", 0);
}
