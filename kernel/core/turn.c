/*
 * turn.c - the end of a slice and the start of the next.
 *
 * Of the area only busy words are read; whatever they say, the worst that
 * happens is that the kernel saves all registers itself.
 */
#include "kernel/core/turn.h"

#include "kernel/console.h"
#include "kernel/core/audit.h"
#include "kernel/core/info.h"
#include "kernel/core/sched.h"
#include "kernel/core/timer.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

enum {
	GRACE_COUNTS = TICK_COUNTS / 10,
	LONG_COUNTS = TICK_COUNTS / 16, /* calls that are shorter are nothing */
};

/* Whose slice is over but for its grace, and since when. */
static struct {
	struct env *env;
	uint32_t since; /* CP0 Count */
} grace;

/* The quick yield (boot/pct.S) is for those who may be left just so. */
static void
set_key(struct env *e)
{
	e->turn_key = e->start_pc != 0 && !e->ending
			      ? SP_PCT(SP_PCT_YIELD, e->id)
			      : 0;
}

void
turn_set(struct env *e, uint32_t start_pc, uint32_t end_pc)
{
	e->start_pc = start_pc;
	e->end_pc = end_pc;
	if (start_pc == 0) {
		e->turn = 0;
		e->ending = false;
	}
	set_key(e);
}

static void
set_ending(struct env *e, bool ending)
{
	e->ending = ending;
	set_key(e);
}

/* --- the end ------------------------------------------------------------------- */

/* Not while registers are in its save areas or half restored: $k1 counts then. */
static bool
can_save_itself(const struct env *e)
{
	const struct sp_area *a = e->area;

	return e->end_pc != 0 && a != NULL && e->ctx == &e->context[SP_MAIN] &&
	       e->calling == NULL &&
	       ((a->slice_busy | a->save[SP_MAIN].busy) & SP_KERNEL_FIRST) == 0;
}

static void
enter_end(struct env *e)
{
	e->area->slice_epc = e->ctx->epc;
	e->area->slice_busy = SP_KERNEL_FIRST;
	e->ctx->epc = e->end_pc;
	set_ending(e, true);
	grace.env = e;
	grace.since = cp0_get_count();
	timer_slice_grace(GRACE_COUNTS);
}

/* E has not yielded in time, which costs a slice, and in the end more. */
static void
overrun(struct env *e)
{
	env_info(e)->excess++;
	sched_owe(e, 0);
	if (++e->overruns < SP_EXCESS_MAX)
		return;
	kprintf("env %s: ended, %u ends of slices in a row were late\n",
		env_info(e)->name, e->overruns);
	kernel_interruptible_begin();
	env_destroy(e, (uint32_t)SP_EKILLED, 0, e->ctx->epc, 0);
	kernel_interruptible_end();
}

/* WHO had its moment, or none was left to it; an upcall may have kept it from
 * ending. */
static void
judge(struct env *who)
{
	if (who->ending && who->ctx == &who->context[SP_MAIN])
		overrun(who);
}

bool
turn_end(struct env *e)
{
	struct env *who = grace.env;

	if (who != NULL) { /* there is one a slice, whatever it set meanwhile */
		turn_settle();
		judge(who);
		return false;
	}
	env_info(e)->ticks++;
	if (timer_slice_ignored() > LONG_COUNTS)
		sched_owe(e, timer_slice_ignored());
	if (!e->ending && can_save_itself(e)) {
		enter_end(e);
		return true;
	}
	judge(e);
	return false;
}

void
turn_settle(void)
{
	struct env *e = grace.env;
	uint32_t took = cp0_get_count() - grace.since;

	if (e == NULL)
		return;
	grace.env = NULL;
	sched_owe(e, took < GRACE_COUNTS ? took : GRACE_COUNTS);
}

/* --- between slices ------------------------------------------------------------- */

void
turn_left(struct env *e)
{
	if (!e->ending)
		return;
	e->overruns = 0;
	set_ending(e, false);
}

bool
turn_give_up(struct env *e)
{
	bool in_time = !e->ending;

	if (e->ctx != &e->context[SP_MAIN])
		return in_time;
	turn_left(e);
	e->start_at = e->start_pc;
	e->turn = e->turn_key;
	return in_time;
}

uint32_t
turn_start(struct env *e)
{
	uint32_t pc = e->start_at;

	e->start_at = 0;
	e->turn = 0;
	return pc;
}

void
turn_unstart(struct env *e)
{
	if (e->start_at == 0 || e->ctx != &e->context[SP_MAIN])
		return;
	memset(e->ctx, 0, sizeof(*e->ctx));
	e->ctx->epc = turn_start(e);
}

void
turn_forget(const struct env *e)
{
	if (grace.env == e)
		grace.env = NULL;
}

void
turn_audit(const struct env *e)
{
	if (e->turn != 0 && (e->turn != e->turn_key || e->start_at == 0 ||
				    e->ctx != &e->context[SP_MAIN]))
		audit_fail("env %08x: its slices cannot start", e->id);
	if ((e->turn_key != 0) != (e->start_pc != 0 && !e->ending))
		audit_fail("env %08x: yields at the wrong time", e->id);
}
