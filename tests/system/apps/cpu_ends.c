/*
 * cpu_ends.c - ends of slices that do not end as they should, beside a worker
 * that counts what time is left to it.
 *
 * Each way is a child with entries of its own.  Arguments: for how many ticks, and
 * with what the ways' names
 * begin (all).
 */
#include "tests/system/apps/cpu.h"

#include <stdbool.h>

enum { AREA_VA = 0x1000, UNMAPPED = 0x30000000 };
enum { W_TIME, W_ENDS, W_STARTS, W_SET, W_WORK };

static uint32_t page;
static struct sp_context entries = { .area_va = AREA_VA };

static struct sp_area *
area(void)
{
	return (struct sp_area *)AREA_VA;
}

/* --- entries ------------------------------------------------------------------- */

_Noreturn static void
never_yields(void)
{
	++*shared(W_ENDS);
	for (;;)
		;
}

static void
spin(uint32_t counts)
{
	uint32_t from = sys_count();

	while (sys_count() - from < counts)
		;
}

/* Yields, but late. */
_Noreturn static void
yields_late(void)
{
	++*shared(W_ENDS);
	spin(TICK_COUNTS / 5);
	for (;;)
		(void)sys_yield(0);
}

_Noreturn static void
yields(void)
{
	++*shared(W_ENDS);
	for (;;)
		(void)sys_yield(0);
}

_Noreturn static void
yields_to_nobody(void)
{
	++*shared(W_ENDS);
	if (sys_yield(0xdead00) != SP_ENOENT)
		sys_exit(1);
	for (;;)
		(void)sys_yield((uint32_t)sys_self());
}

_Noreturn static void
waits(void)
{
	++*shared(W_ENDS);
	for (;;)
		(void)sys_wait(SP_EVENT_REVOKE);
}

_Noreturn static void
faults(void)
{
	++*shared(W_ENDS);
	for (;;)
		mmio_store((uint32_t *)UNMAPPED, 0);
}

/* Has no end any more, and another one: time and again. */
_Noreturn static void
renews(void)
{
	static const struct sp_context none = { .area_va = AREA_VA };

	++*shared(W_ENDS);
	area()->slice_busy = 0;
	(void)sys_context_set(APP_CAP_SELF, 0, &none);
	(void)sys_context_set(APP_CAP_SELF, 0, &entries);
	for (;;)
		++*shared(W_WORK);
}

_Noreturn static void
ends(void)
{
	sys_exit(77);
}

/* Starts have no stack; the next slice begins anew. */
_Noreturn static void
starts(void)
{
	for (;;) {
		++*shared(W_STARTS);
		area()->slice_busy = 0;
		for (;;)
			++*shared(W_WORK);
	}
}

static const struct way {
	char name[16];
	void (*end)(void);
	void (*start)(void);
	uint32_t busy;
} ways[] = {
	{ "ignores", never_yields, starts, 0 },
	{ "late", yields_late, starts, 0 },
	{ "busy", never_yields, starts, 1 },
	{ "excepted", never_yields, starts, 2 },
	{ "good", yields, starts, 0 },
	{ "nobody", yields_to_nobody, starts, 0 },
	{ "renews", renews, starts, 0 },
	{ "revokes", NULL, NULL, 3 },
	{ "waits", waits, starts, 0 },
	{ "faults", faults, starts, 0 },
	{ "exits", ends, starts, 0 },
	{ "no-end", (void (*)(void))UNMAPPED, starts, 0 },
	{ "no-start", yields, (void (*)(void))UNMAPPED, 0 },
};

/* Of what it has only the kernel's tables for it are left to take: finding that
 * is long. */
static void
revoke_in_vain(void)
{
	static const struct sp_revoke r = {
		.resource = SP_RES_PAGES, .count = 1000, .ticks = 0
	};

	++*shared(W_WORK);
	(void)sys_revoke(APP_CAP_SELF, &r);
}

static uint32_t
pc_of(void (*f)(void))
{
	return (uint32_t)(uintptr_t)f;
}

/* The child: sets its entries, then works for ever. */
static int
child_of(uint32_t arg)
{
	const struct way *w = &ways[arg];

	entries.start_pc = pc_of(w->start);
	entries.end_pc = pc_of(w->end);
	(void)own_page(AREA_VA);
	*shared(W_SET) = (uint32_t)sys_context_set(APP_CAP_SELF, 0, &entries);
	if (w->busy == 1)
		area()->slice_busy = SP_KERNEL_FIRST;
	if (w->busy == 2)
		area()->save[SP_MAIN].busy = SP_KERNEL_FIRST;
	while (w->busy == 3)
		revoke_in_vain();
	for (;;)
		++*shared(W_WORK);
	return 0;
}

/* Adds up the time it has. */
static int
worker(uint32_t arg)
{
	uint32_t last = sys_count();

	(void)arg;
	for (;;) {
		uint32_t now = sys_count();

		if (now - last < TICK_COUNTS / 20)
			*shared(W_TIME) += now - last;
		last = now;
	}
	return 0;
}

/* --- one way --------------------------------------------------------------------- */

/* COUNT ticks, or until ENV ends; returns how long that was (CP0 Count). */
static uint32_t
watch(uint32_t env, uint32_t count)
{
	uint32_t from = sys_count(), until = ticks() + count;
	struct sp_predicate p = { .n = 2 };

	p.term[0].va = sys_addr(&about(env)->state);
	p.term[0].op = SP_EQ;
	p.term[0].value = SP_ENV_DEAD;
	p.term[0].tag = 1;
	p.term[1].va = sys_addr(&app_info()->ticks);
	p.term[1].op = SP_GE;
	p.term[1].value = until;
	p.term[1].tag = 2;
	(void)sys_sleep_until(&p);
	return sys_count() - from;
}

/* How WAY fares in COUNT ticks beside a worker: what the kernel says of it, and
 * whether the worker had its half of the time. */
static void
fares(uint32_t way, uint32_t count)
{
	const struct sp_env_info *e;
	struct spawn w, s;
	uint32_t time, env;

	for (uint32_t i = 0; i < 8; i++)
		*shared(i) = 0;
	w = child(page, worker, 0);
	s = child(page, child_of, way);
	env = s.env;
	e = about(env);
	time = watch(env, count);
	print("cpu: %s set %d ends %u starts %u\n", ways[way].name,
		(int)*shared(W_SET), *shared(W_ENDS), *shared(W_STARTS));
	print("cpu: %s state %u code %d cause %u pc %x\n", ways[way].name,
		e->state, (int)e->exit_code, e->exit_cause >> 2 & 31,
		e->exit_pc);
	print("cpu: %s ticks %u excess %u forfeited %u work %u\n",
		ways[way].name, e->ticks, e->excess, e->forfeited,
		*shared(W_WORK) > 0);
	print("cpu: %s share %u\n", ways[way].name,
		*shared(W_TIME) / (time / 1000));
	spawn_drop(&s);
	spawn_drop(&w);
}

static uint32_t
number(const char *s)
{
	uint32_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	return v;
}

static bool
begins(const char *name, const char *with)
{
	while (*with != '\0' && *name == *with)
		name++, with++;
	return *with == '\0';
}

int
app_main(uint32_t a0, uint32_t a1)
{
	page = own_page(SHARED_VA);
	for (uint32_t i = 0; a0 > 1 && i < ARRAY_LEN(ways); i++)
		if (a0 == 2 || begins(ways[i].name, app_arg(a1, 2)))
			fares(i, number(app_arg(a1, 1)));
	said("done", 0);
	return 0;
}
