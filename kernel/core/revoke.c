/*
 * revoke.c - requests, deadlines, force, and the repossession vector.
 *
 * A request is kept as what may be left: what its owner takes anew meanwhile it
 * must give back too, and nobody has to report what was given.  The system call
 * only writes it down; all the rest happens in sched_run(), where contexts are
 * complete.
 */
#include "kernel/core/revoke.h"

#include "kernel/core/audit.h"
#include "kernel/core/bind.h"
#include "kernel/core/exception.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/core/predicate.h"
#include "kernel/core/release.h"
#include "kernel/core/ring.h"
#include "kernel/core/sched.h"
#include "kernel/core/slice.h"
#include "kernel/core/timer.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

enum {
	TICKS_MAX = 1 << 30,
	TRIES_MAX = 1000, /* once a tick */
};

struct wanted {
	bool active;
	uint32_t left; /* how many may stay */
	uint32_t deadline;
};

/* What is asked of the environment in a slot; all clear: nothing. */
static struct asked {
	struct wanted of[SP_RES_COUNT];
	bool news;         /* it has not been told of the last request */
	uint32_t owed;     /* bit per exception (SP_EXC_*) it must still get */
	uint32_t tries;    /* ... how often it was busy */
	uint32_t resource; /* of the last news */
	uint32_t taken;    /* ever, as in its area */
	uint32_t by;       /* who asked last */
} asked[SP_MAX_ENVS];

static struct {
	uint32_t pending; /* bit per slot of whom something is wanted or owed */
	bool due;
	uint32_t holder; /* who had the CPU when the work began */
} revoke;

/* --- how much there is ------------------------------------------------------- */

static uint32_t
has(const struct env *e, uint32_t resource)
{
	const struct sp_env_info *i = env_info(e);

	switch (resource) {
	case SP_RES_PAGES:
		return i->pages;
	case SP_RES_SLICES:
		return i->slices;
	case SP_RES_RINGS:
		return i->rings;
	case SP_RES_FILTERS:
	default:
		return i->bindings;
	}
}

static uint32_t
excess(const struct env *e, uint32_t resource)
{
	const struct wanted *w = &asked[e->slot].of[resource];
	uint32_t n = has(e, resource);

	return w->active && n > w->left ? n - w->left : 0;
}

/* --- requests ------------------------------------------------------------------ */

int
revoke_request(struct env *e, const struct sp_revoke *r)
{
	if (r->resource < SP_RES_PAGES || r->resource >= SP_RES_COUNT ||
		r->count == 0 || r->ticks > TICKS_MAX)
		return SP_EINVAL;

	struct asked *a = &asked[e->slot];
	struct wanted *w = &a->of[r->resource];
	uint32_t n = has(e, r->resource) - excess(e, r->resource);
	uint32_t deadline = info.ticks + r->ticks;

	w->left = n > r->count ? n - r->count : 0;
	if (!w->active || (int32_t)(deadline - w->deadline) < 0)
		w->deadline = deadline;
	w->active = true;
	a->news = true;
	a->resource = r->resource;
	a->by = env_current()->id;
	revoke.pending |= 1u << e->slot;
	revoke.due = true;
	cpu.resched = 1;
	return SP_OK;
}

bool
revoke_is_pending(void)
{
	return revoke.pending != 0;
}

void
revoke_tick(void)
{
	if (revoke.pending == 0)
		return;
	revoke.due = true;
	cpu.resched = 1;
}

bool
revoke_is_due(void)
{
	return revoke.due;
}

void
revoke_forget_owner(const struct env *e)
{
	static const struct asked nothing;

	asked[e->slot] = nothing;
	revoke.pending &= ~(1u << e->slot);
}

/* --- telling -------------------------------------------------------------------- */

/* What E's area says is wanted of it. */
static void
show(const struct env *e)
{
	for (uint32_t i = SP_RES_PAGES; e->area != NULL && i < SP_RES_COUNT;
		i++) {
		e->area->wanted[i].count = excess(e, i);
		e->area->wanted[i].deadline = asked[e->slot].of[i].deadline;
	}
}

/* An exception interrupts waiting and sleeping: both return 0 behind it. */
static void
wake(struct env *e)
{
	if (env_level(e) != SP_MAIN)
		return;
	if (env_info(e)->state == SP_ENV_SLEEPING)
		predicate_interrupt(e);
	if (env_info(e)->state != SP_ENV_WAITING)
		return;
	e->context[SP_MAIN].reg[2] = 0;
	env_info(e)->state = SP_ENV_RUNNABLE;
	sched_ready(e);
}

/* One exception that E is owed; it may be busy with another for a while. */
static void
deliver(struct env *e, uint32_t code, uint32_t what)
{
	struct asked *a = &asked[e->slot];
	uint32_t bit = 1u << code;
	int err = SP_ENOENT;

	if ((a->owed & bit) == 0)
		return;

	uint32_t status = irq_off();

	if (env_info(e)->state != SP_ENV_NEW)
		err = exception_deliver(e, code, code << 2, what);
	if (err == SP_OK)
		wake(e);
	if (err != SP_EBUSY || ++a->tries > TRIES_MAX) {
		a->owed &= ~bit;
		a->tries = 0;
	}
	irq_restore(status);
}

static void
post(struct env *e)
{
	uint32_t status = irq_off();

	env_post(e, SP_EVENT_REVOKE);
	irq_restore(status);
}

/* --- force ------------------------------------------------------------------------ */

static void
record(struct env *e, uint32_t resource, uint32_t name)
{
	struct asked *a = &asked[e->slot];
	uint32_t at = a->taken++ % SP_REPOSSESSED;

	env_info(e)->repossessed++;
	a->owed |= 1u << SP_EXC_REPOSSESS;
	if (e->area == NULL)
		return;
	e->area->repossessed[at].resource = resource;
	e->area->repossessed[at].name = name;
	e->area->taken = a->taken;
}

/* The guaranteed few, and the area. */
static bool
is_kept(const struct env *e, uint32_t pfn)
{
	if (page_kva(pfn) == (void *)e->area)
		return true;
	for (uint32_t i = 0; i < SP_KEEP; i++)
		if (e->keep[i] == pfn)
			return true;
	return false;
}

static bool
may_be_taken(const struct sp_frame *f, const void *arg)
{
	const struct env *e = arg;

	return f->owner == e->slot + 1 &&
	       !is_kept(e, (uint32_t)(f - page_frame(0)));
}

/* All bindings at once: finding them may mean a look at every mapping. */
static void
take_pages(struct env *e, uint32_t count)
{
	struct page_set set = { .match = may_be_taken, .arg = e };
	uint32_t pfn = info.pages_total;

	for (; pfn > 0 && count > 0; pfn--) {
		const struct sp_frame *f = page_frame(pfn - 1);

		if (f->kind == SP_FRAME_USER && may_be_taken(f, e))
			count--;
	}
	set.first = pfn;
	set.count = info.pages_total - pfn;
	page_break_set(&set);
	for (uint32_t i = info.pages_total; i > pfn; i--)
		if (page_set_has(&set, i - 1)) {
			page_disown(i - 1);
			record(e, SP_RES_PAGES, i - 1);
		}
}

/* The last one stays: without it nobody would see what has happened. */
static void
take_slices(struct env *e, uint32_t count)
{
	for (uint32_t at = SP_SLICES; at > 0 && count > 0; at--) {
		if (info.slice[at - 1] != e->id || env_info(e)->slices == 1)
			continue;
		slice_clear(at - 1);
		record(e, SP_RES_SLICES, at - 1);
		count--;
	}
}

static void
take(struct env *e, uint32_t resource, uint32_t count)
{
	switch (resource) {
	case SP_RES_PAGES:
		take_pages(e, count);
		break;
	case SP_RES_SLICES:
		take_slices(e, count);
		break;
	case SP_RES_RINGS:
		for (uint32_t id; count > 0 && (id = ring_take(e)) != 0;
			count--)
			record(e, resource, id);
		break;
	case SP_RES_FILTERS:
	default:
		for (uint32_t id; count > 0 && (id = bind_take(e)) != 0;
			count--)
			record(e, resource, id);
		break;
	}
}

/* --- the work --------------------------------------------------------------------- */

/* Finding what to take may be long: it is E's time, not that of whoever has the
 * slice, unless that is who asked: nobody makes his own slice longer. */
static void
take_charged(struct env *e, uint32_t resource, uint32_t count)
{
	uint32_t start = cp0_get_count();

	take(e, resource, count);

	uint32_t status = irq_off();

	if (!timer_slice_is_over() && revoke.holder != asked[e->slot].by)
		sched_charge(e, cp0_get_count() - start);
	irq_restore(status);
}

/* What is overdue is taken; true when anything was. */
static bool
enforce(struct env *e)
{
	struct asked *a = &asked[e->slot];
	uint32_t before = a->taken;

	for (uint32_t i = SP_RES_PAGES; i < SP_RES_COUNT; i++) {
		struct wanted *w = &a->of[i];

		if (!w->active)
			continue;
		if (excess(e, i) != 0 &&
			(int32_t)(info.ticks - w->deadline) < 0)
			continue;
		if (excess(e, i) != 0)
			take_charged(e, i, excess(e, i));
		w->active = false;
	}
	return a->taken != before;
}

static bool
is_asked(const struct asked *a)
{
	for (uint32_t i = SP_RES_PAGES; i < SP_RES_COUNT; i++)
		if (a->of[i].active)
			return true;
	return false;
}

static void
serve(struct env *e)
{
	struct asked *a = &asked[e->slot];
	bool news = a->news;

	if (news)
		a->owed |= 1u << SP_EXC_REVOKE;
	a->news = false;
	news |= enforce(e);
	if (!is_asked(a)) /* too late to ask */
		a->owed &= ~(1u << SP_EXC_REVOKE);
	show(e);
	if (news)
		post(e);
	deliver(e, SP_EXC_REPOSSESS, a->taken);
	deliver(e, SP_EXC_REVOKE, a->resource);
	if (!is_asked(a) && a->owed == 0)
		revoke.pending &= ~(1u << e->slot);
}

void
revoke_work(void)
{
	struct env *current = env_current();

	revoke.due = false;
	revoke.holder = current == NULL ? 0 : current->id;
	env_set_current(NULL); /* nobody runs: everybody may be woken */
	kernel_interruptible_begin();
	for (uint32_t left = revoke.pending; left != 0; left &= left - 1)
		serve(env_at((uint32_t)__builtin_ctz(left)));
	kernel_interruptible_end();
	env_set_current(current);
}

void
revoke_audit(void)
{
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++)
		if ((revoke.pending >> i & 1) != 0 && env_at(i) == NULL)
			audit_fail("env slot %u: wanted of nobody", i);
}
