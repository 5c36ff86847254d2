/*
 * sched.c - whose slice it is, and who runs in it.
 *
 * Each position of the vector that comes up is a whole slice (timer.c).  It is
 * its holder's until that gives up, whoever runs in it: whom it yielded to, who
 * serves its calls, or for a while somebody's upcall, which is charged
 * (slice.h) and makes the slice longer.
 */
#include "kernel/core/sched.h"

#include "kernel/boot/frame.h"
#include "kernel/core/audit.h"
#include "kernel/core/follow.h"
#include "kernel/core/info.h"
#include "kernel/core/irq.h"
#include "kernel/core/predicate.h"
#include "kernel/core/revoke.h"
#include "kernel/core/slice.h"
#include "kernel/core/timer.h"
#include "kernel/core/turn.h"
#include "kernel/mips.h"

enum {
	ASH_LIMIT_COUNTS =
		41666667, /* 250 ms: behind the budget, not instead */
};

struct cpu cpu;

static struct {
	uint32_t position; /* in the slice vector */
	uint32_t lines;    /* ST_IM* that may interrupt */
	uint32_t asleep;  /* bit per environment slot: its predicate is asked */
	uint32_t upcalls; /* likewise: wants an upcall */
	uint32_t debtors; /* likewise: owes a slice or more */
	/* An upcall runs in somebody else's slice: whose, and since when. */
	struct env *aside, *pusher;
	uint32_t since; /* CP0 Count */
} sched;

/* Who lives in SLOT, and somebody does: one of its bits is set. */
static inline struct env *
living(uint32_t slot)
{
	return (struct env *)(ENV_TABLE + slot * ENV_BYTES);
}

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

/* Not inlined: tests/bench/irqoff.py knows the places where they come on. */
__attribute__((noinline)) void
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
	turn_forget(e);
	sched.upcalls &= ~(1u << e->slot);
	cpu.ready &= ~(1u << e->slot);
	sched.asleep &= ~(1u << e->slot);
	sched.debtors &= ~(1u << e->slot);
	if (sched.pusher == e || sched.aside == e)
		sched.pusher = NULL;
	if (sched.aside == e)
		sched.aside = NULL;
}

/* The idle path always ends in sched_run(); nobody else is put aside before the
 * slice is over. */
void
sched_ready(const struct env *e)
{
	uint32_t bit = 1u << e->slot;

	if (env_is_runnable(e))
		cpu.ready |= bit;
	else
		cpu.ready &= ~bit;
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

/* --- charging ---------------------------------------------------------------- */

void
sched_owe(const struct env *e, uint32_t counts)
{
	if (slice_owe(e, counts))
		sched.debtors |= 1u << e->slot;
}

bool
sched_owes(const struct env *e)
{
	return (sched.debtors >> e->slot & 1) != 0;
}

static void
charge(const struct env *whom, uint32_t counts)
{
	if (whom == NULL || counts == 0)
		return;
	env_info(whom)->charged += counts;
	sched_owe(whom, counts);
}

void
sched_charge(const struct env *whom, uint32_t counts)
{
	if (whom != NULL && whom == env_current()) {
		/* Its own slice, but what went beyond that. */
		uint32_t late = timer_slice_late();

		charge(whom, late < counts ? late : counts);
		return;
	}
	sched.since += counts; /* not also the running upcall's */
	if (whom != NULL && whom == sched.aside)
		return;
	charge(whom, counts);
	timer_slice_extend(counts);
}

/* What the upcall in somebody else's slice has taken until now is its own. */
static void
charge_pusher(void)
{
	uint32_t now = cp0_get_count();

	charge(sched.pusher, now - sched.since);
	timer_slice_extend(now - sched.since);
	sched.since = now;
}

/* --- running ------------------------------------------------------------------ */

static void
switch_to(struct env *e)
{
	cpu.resched = 0;
	env_set_current(e);
}

_Noreturn void
sched_run_env(struct env *e)
{
	while (e->calling != NULL) /* its slices serve its calls */
		e = e->calling;
	switch_to(e);
	if (e->start_at != 0 && e->ctx == &e->context[SP_MAIN])
		slice_enter(turn_start(e));
	context_resume(e->ctx);
}

static _Noreturn void
start_upcall(struct env *e)
{
	sched.upcalls &= ~(1u << e->slot);
	env_upcall_enter(e);
	e->turn = 0;
	sched_ready(e);
	info.env[e->slot].upcalls++;
	switch_to(e);
	context_start(e->upcall_pc, e->upcall_sp);
}

/* Those who want an upcall and are not in one already. */
static __attribute__((noinline)) uint32_t
due_upcalls(void)
{
	uint32_t due = 0;

	for (uint32_t left = sched.upcalls; left != 0; left &= left - 1) {
		uint32_t slot = (uint32_t)__builtin_ctz(left);

		if (env_level(living(slot)) != SP_UPCALL)
			due |= 1u << slot;
	}
	return due;
}

/*
 * Enter the upcall of the lowest slot that wants one, in the slice of HOLDER
 * (NULL: nobody's).  Who owes a slice already waits for one of its own.
 */
static void
run_upcall(struct env *holder)
{
	uint32_t due = sched.upcalls == 0 ? 0 : due_upcalls();

	if (holder != NULL)
		due &= ~sched.debtors | 1u << holder->slot;
	if (due == 0)
		return;

	struct env *e = living((uint32_t)__builtin_ctz(due));

	if (holder == NULL)
		timer_run();
	else if (holder != e) {
		sched.aside = holder;
		sched.pusher = e;
		sched.since = cp0_get_count();
	}
	start_upcall(e);
}

/* A whole slice begins for E, whose upcall comes first. */
static _Noreturn void
run_slice(struct env *e)
{
	timer_slice_begin(TICK_COUNTS);
	if ((due_upcalls() >> e->slot & 1) != 0)
		start_upcall(e);
	sched_run_env(e);
}

/* The only one: whichever slice comes next is its own to use. */
static void
run_alone(uint32_t slot)
{
	struct env *e = living(slot);

	if (info.env[slot].slices == 0)
		return;
	timer_run();
	sched_run_env(e);
}

/* Asking sleepers takes long: let interrupts in between.  True if somebody can
 * run then who is not among CAN, or wants an upcall. */
static bool
breathe(uint32_t can)
{
	kernel_interruptible_begin();
	kernel_interruptible_end();
	return cpu.resched != 0 || (cpu.ready & ~can) != 0;
}

/*
 * Round the vector from where it stands.  Who owes a slice pays with those it
 * comes to; if nobody else profits, the first of them runs after all.  Returns
 * true when it was interrupted and must begin anew.
 */
static __attribute__((noinline)) bool
walk(uint32_t can, uint32_t ask)
{
	uint32_t at = sched.position, saved = SP_SLICES;

	for (uint32_t gone = 0; gone < SP_SLICES;) {
		uint32_t next = slice_next(at);

		if (next == SP_SLICES)
			return false;
		gone += (next - at - 1) % SP_SLICES + 1;
		at = next;
		if (gone > SP_SLICES)
			break;

		uint32_t id = info.slice[at];
		uint32_t bit = 1u << (id & 31);

		if (((can | sched.debtors) & bit) == 0)
			continue;

		struct env *e = living(id % SP_MAX_ENVS);

		if ((sched.debtors & bit) != 0) {
			sched.position = at;
			if (!slice_pay(e))
				sched.debtors &= ~bit;
			if (saved == SP_SLICES && (can & bit & ~ask) != 0)
				saved = at;
			continue;
		}
		if ((ask & bit) != 0) {
			if (breathe(can))
				return true;
			ask &= ~bit; /* once a round is enough */
			if (!predicate_wake(e)) {
				can &= ~bit;
				continue;
			}
		}
		sched.position = at;
		run_slice(e);
	}
	if (saved < SP_SLICES) {
		sched.position = saved;
		run_slice(living(info.slice[saved] % SP_MAX_ENVS));
	}
	return false;
}

/* Whoever has the next slice; true: look again, false: nobody. */
static bool
run_slices(void)
{
	uint32_t can = cpu.ready, ask = sched.asleep & ~can;

	/* The usual case first: one, and nothing to consider. */
	if ((can & (can - 1)) == 0 &&
		(ask | sched.upcalls | (sched.debtors & ~can)) == 0) {
		if (can != 0)
			run_alone((uint32_t)__builtin_ctz(can));
		return false;
	}
	can |= due_upcalls();
	ask &= ~can;
	return walk(can | ask, ask);
}

/* Nobody runs; the clock goes on for those who must be asked, or told. */
static _Noreturn void
idle(void)
{
	uint32_t timer = 0;

	env_set_current(NULL);
	if (sched.asleep != 0 || revoke_is_pending() || timer_is_kept() ||
		follow_waits(info.ticks)) {
		timer_start();
		timer = ST_IM7;
	} else
		timer_stop();
	irq_resume_nic();
	cpu.idle_status = sched.lines | timer | ST_IE;
	cpu_idle();
}

/* HOLDER has the slice (NULL: a new one begins); upcalls go first. */
static _Noreturn void
go_on(struct env *holder)
{
	if (holder != NULL && timer_slice_is_over() && !turn_end(holder))
		holder = NULL;
	if (holder == NULL)
		turn_settle();
	do {
		cpu.resched = 0;
		run_upcall(holder);
		if (holder != NULL)
			sched_run_env(holder);
	} while (run_slices());
	idle();
}

/* Whoever was put aside for an upcall has its slice back. */
static struct env *
take_back(void)
{
	struct env *holder = sched.aside;

	if (holder == NULL)
		return NULL;
	charge_pusher();
	sched.aside = NULL;
	sched.pusher = NULL;
	return env_goes_on(holder) ? holder : NULL;
}

_Noreturn void
sched_run(void)
{
	if (revoke_is_due())
		revoke_work();
	go_on(take_back());
}

_Noreturn void
sched_preempt(void)
{
	if (revoke_is_due())
		revoke_work();

	struct env *e = env_current();

	if (sched.aside != NULL) {
		charge_pusher();
		/* An upcall is not put aside for another, but it ends when
		 * its owner has used up what it may take from others. */
		if (!timer_slice_is_over() && sched.pusher != NULL &&
			(sched.debtors >> sched.pusher->slot & 1) == 0)
			sched_run_env(e);
		e = take_back();
	}
	go_on(e != NULL && env_goes_on(e) ? e : NULL);
}

_Noreturn void
sched_yield(struct env *to)
{
	struct env *e = env_current();

	e->ctx->reg[2] = SP_OK;
	/* Nothing is left to give at the end of a slice, and the slice that an
	 * upcall was let into is not its to give. */
	if (turn_give_up(e) && to != NULL && sched.aside == NULL &&
		env_is_runnable(to))
		sched_run_env(to);
	sched_run();
}

_Noreturn void
sched_upcall_done(void)
{
	if (sched.aside != NULL)
		sched_run();
	sched_preempt();
}

/* --- audit ------------------------------------------------------------------- */

/* Interrupts make environments ready and ask for upcalls. */
static void
check_bits(uint32_t slot)
{
	uint32_t status = irq_off();
	const struct env *e = env_at(slot);
	bool ready = (cpu.ready >> slot & 1) != 0;
	bool upcall = (sched.upcalls >> slot & 1) != 0;

	if (ready != (e != NULL && env_is_runnable(e)))
		audit_fail("env slot %u: ready %u in state %u", slot, ready,
			info.env[slot].state);
	if (((sched.asleep >> slot & 1) != 0) !=
		(e != NULL && info.env[slot].state == SP_ENV_SLEEPING))
		audit_fail("env slot %u: asleep in state %u", slot,
			info.env[slot].state);
	if ((sched.debtors >> slot & 1) != 0 && e == NULL)
		audit_fail("env slot %u: owes a slice", slot);
	if (upcall && (e == NULL || e->upcall_pc == 0))
		audit_fail("env slot %u: is due an upcall", slot);
	irq_restore(status);
}

void
sched_audit(void)
{
	slice_audit();
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++)
		check_bits(i);
	if (sched.aside != NULL)
		(void)audit_owner(sched.aside, "put aside", 0);
}
