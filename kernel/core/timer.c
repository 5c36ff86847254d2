/*
 * timer.c - which deadline Compare stands at.
 */
#include "kernel/core/timer.h"

#include "kernel/boot/frame.h"
#include "kernel/core/info.h"
#include "kernel/core/revoke.h"
#include "kernel/mips.h"

enum {
	SOON_COUNTS = 2000, /* what is due earlier than that is late instead */
};

static struct {
	bool ticking;
	bool over;          /* the slice; slice_due is in the past */
	uint32_t tick_due;  /* CP0 Count */
	uint32_t slice_due; /* likewise */
	uint32_t told;      /* likewise: since when the scheduler could know */
	bool kept;
	uint32_t last, wraps; /* of Count, as timer_clock() saw it */
} timer = { .over = true };

/*
 * Compare raises its line when Count reaches it, and Count goes on meanwhile: on
 * a host that stops us between reading one and writing the other it would pass
 * unseen, and come again after 25 s.
 */
static void
set_compare(uint32_t due)
{
	cp0_set_compare(due);
	while ((int32_t)(due - cp0_get_count()) <= 0) {
		due = cp0_get_count() + SOON_COUNTS;
		cp0_set_compare(due);
	}
}

static void
arm(uint32_t now)
{
	uint32_t due = timer.tick_due;

	if (!timer.over && (int32_t)(timer.slice_due - due) < 0)
		due = timer.slice_due;
	if ((int32_t)(due - now) < SOON_COUNTS)
		due = now + SOON_COUNTS;
	set_compare(due);
}

void
timer_start(void)
{
	if (timer.ticking)
		return;
	timer.ticking = true;
	timer.tick_due = cp0_get_count() + TICK_COUNTS;
	set_compare(timer.tick_due);
}

void
timer_stop(void)
{
	timer.ticking = false;
	timer.over = true;
}

uint64_t
timer_clock(void)
{
	uint32_t now = cp0_get_count();

	timer.wraps += now < timer.last;
	timer.last = now;
	return (uint64_t)timer.wraps << 32 | now;
}

void
timer_keep(bool on)
{
	timer.kept = on;
	(void)timer_clock();
}

bool
timer_is_kept(void)
{
	return timer.kept;
}

void
timer_slice_begin(uint32_t counts)
{
	uint32_t now = cp0_get_count();

	if (timer.ticking) {
		/* Slices that follow each other do not drift off the clock. */
		bool follows =
			timer.over && now - timer.slice_due < TICK_COUNTS / 4;

		timer.slice_due = (follows ? timer.slice_due : now) + counts;
		timer.over = false;
		arm(now);
		return;
	}
	timer.over = false;
	timer.slice_due = now + counts;
	/* From idle, which is the usual way: both at once. */
	timer.ticking = true;
	timer.tick_due = now + TICK_COUNTS;
	set_compare(timer.slice_due);
}

void
timer_run(void)
{
	if (timer.over)
		timer_slice_begin(TICK_COUNTS);
}

void
timer_slice_grace(uint32_t counts)
{
	uint32_t now = cp0_get_count();

	timer.over = false;
	timer.slice_due = now + counts;
	arm(now);
}

void
timer_slice_extend(uint32_t counts)
{
	uint32_t now = cp0_get_count();

	timer.slice_due += counts;
	timer.over = (int32_t)(now - timer.slice_due) >= 0;
	timer.told = now;
	arm(now);
}

uint32_t
timer_slice_late(void)
{
	int32_t late = (int32_t)(cp0_get_count() - timer.slice_due);

	return late > 0 ? (uint32_t)late : 0;
}

uint32_t
timer_slice_ignored(void)
{
	return timer.over ? cp0_get_count() - timer.told : 0;
}

bool
timer_slice_is_over(void)
{
	return timer.over;
}

bool
timer_is_due(void)
{
	uint32_t now = cp0_get_count();

	return timer.ticking &&
	       ((int32_t)(now - timer.tick_due) >= 0 ||
		       (!timer.over && (int32_t)(now - timer.slice_due) >= 0));
}

bool
timer_fire(void)
{
	uint32_t now = cp0_get_count();
	bool tick = (int32_t)(now - timer.tick_due) >= 0;

	if (tick) { /* or several, when interrupts took long */
		uint32_t n = (now - timer.tick_due) / TICK_COUNTS + 1;

		info.ticks += n;
		timer.tick_due += n * TICK_COUNTS;
		(void)timer_clock();
		revoke_tick();
	}
	if (!timer.over && (int32_t)(now - timer.slice_due) >= 0) {
		timer.over = true;
		timer.told = now;
	}
	if (timer.over)
		cpu.resched = 1;
	arm(now);
	return tick;
}

void
timer_repair(void)
{
	if (timer.ticking)
		arm(cp0_get_count());
}
