/*
 * revoked.c - an application from which resources are wanted back, by itself: it
 * is named by the capability that it holds.
 *
 * Argument 1 says what it does then: says "revoked: fine", or at which line not.
 * With "traffic" it waits for events and says what it has lost.
 */
#include "apps/lib/app.h"
#include "apps/lib/context.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"

#define PAGES_VA  0x20000000
#define NEED(yes) need((yes), __LINE__)

enum { PAGES = 24, LESS = 5, KEPT = 3 };

static struct {
	uint32_t pfn[PAGES]; /* 0: given back */
	uint32_t asked;      /* revocation exceptions */
	uint32_t told;       /* repossession exceptions */
	uint32_t missed, badvaddr;
} have;

static void
need(bool yes, int line)
{
	if (yes)
		return;
	print("revoked: line %d\n", line);
	sys_exit(line);
}

static uint32_t *
page_at(uint32_t i)
{
	return (uint32_t *)(uintptr_t)(PAGES_VA + i * SP_PAGE);
}

static void
take(uint32_t i)
{
	struct sp_map m = {
		.va = PAGES_VA + i * SP_PAGE, .count = 1, .flags = SP_MAP_WRITE
	};
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, SP_PFN_ANY);

	m.pfn = (uint32_t)pfn;
	NEED(pfn > 0 && sys_map(&m) == SP_OK);
	have.pfn[i] = m.pfn;
	*page_at(i) = 1000 + i;
}

static void
give_back(uint32_t i)
{
	NEED(sys_page_free(APP_CAP_SELF, have.pfn[i], 1) == SP_OK);
	have.pfn[i] = 0;
}

static const struct sp_env_info *
me(void)
{
	return &app_info()->env[(uint32_t)sys_self() % SP_MAX_ENVS];
}

static uint32_t
ticks(void)
{
	return mmio_load(&app_info()->ticks);
}

static int32_t
want(uint32_t resource, uint32_t count, uint32_t in_ticks)
{
	const struct sp_revoke r = {
		.env = (uint32_t)sys_self(),
		.resource = resource,
		.count = count,
		.ticks = in_ticks,
	};

	return sys_revoke(APP_CAP_SELF, &r);
}

static uint32_t
taken(void)
{
	return mmio_load(&context_area()->taken);
}

static uint32_t
wanted(uint32_t resource)
{
	return mmio_load(&context_area()->wanted[resource].count);
}

/* Sleep until a word here is VALUE or more. */
static int32_t
until(const uint32_t *word, uint32_t value)
{
	const struct sp_predicate p = {
		.n = 1,
		.term = { { sys_addr(word), SP_GE, value, 1 } },
	};

	return sys_sleep_until(&p);
}

static void
until_tick(uint32_t tick)
{
	while ((int32_t)(ticks() - tick) < 0)
		(void)until(&app_info()->ticks, tick);
}

/* --- handlers -------------------------------------------------------------------- */

static int
on_revoke(struct exception *x)
{
	NEED(x->badvaddr == SP_RES_PAGES);
	have.asked++;
	return 0;
}

static int
on_repossess(struct exception *x)
{
	NEED(x->badvaddr == taken());
	have.told++;
	return 0;
}

/* A page that has gone: there is another. */
static int
on_miss(struct exception *x)
{
	have.missed++;
	have.badvaddr = x->badvaddr;
	NEED(x->badvaddr - PAGES_VA < PAGES * SP_PAGE);
	take((x->badvaddr - PAGES_VA) / SP_PAGE);
	return 0;
}

/* --- pages ------------------------------------------------------------------------ */

/* Those not given back have what was written to them. */
static void
check_data(void)
{
	for (uint32_t i = 0; i < PAGES; i++)
		if (have.pfn[i] != 0)
			NEED(*page_at(i) == 1000 + i);
}

static void
take_missing(void)
{
	for (uint32_t i = 0; i < PAGES; i++)
		if (have.pfn[i] == 0)
			take(i);
}

/* It chooses, and nothing is taken. */
static void
cooperate(void)
{
	uint32_t deadline = ticks() + 20;

	NEED(want(SP_RES_PAGES, LESS, 20) == SP_OK);
	NEED(wanted(SP_RES_PAGES) == LESS && have.asked == 1);
	NEED(context_area()->wanted[SP_RES_PAGES].deadline - deadline <= 1);
	NEED((sys_wait(SP_EVENT_REVOKE) & SP_EVENT_REVOKE) != 0);
	for (uint32_t i = 0; i < LESS; i++)
		give_back(4 * i); /* here and there */
	until_tick(ticks() + 2);
	NEED(wanted(SP_RES_PAGES) == 0);
	until_tick(deadline + 3);
	NEED(taken() == 0 && me()->repossessed == 0 && have.told == 0);
	check_data();
	take_missing();
}

/* The COUNT highest of its frames but those kept; were they taken? */
static void
check_taken(uint32_t from, uint32_t count)
{
	const struct sp_area *a = context_area();
	const struct sp_context *c = context_get();

	for (uint32_t n = 0; n < count; n++) {
		uint32_t best = 0, at = 0;

		for (uint32_t i = 0; i < PAGES; i++) {
			bool kept = false;

			for (uint32_t k = 0; k < SP_KEEP; k++)
				kept |= c->keep[k] == have.pfn[i];
			if (!kept && have.pfn[i] > best) {
				best = have.pfn[i];
				at = i;
			}
		}
		have.pfn[at] = 0;
		NEED(a->repossessed[(from + n) % SP_REPOSSESSED].resource ==
			SP_RES_PAGES);
		NEED(a->repossessed[(from + n) % SP_REPOSSESSED].name == best);
	}
}

/* What it takes anew while something is wanted it must give back too. */
static void
cheat(void)
{
	uint32_t before = taken();

	NEED(want(SP_RES_PAGES, 2, 5) == SP_OK && have.asked == 2);
	give_back(0);
	give_back(1);
	take(0);
	while (taken() == before) /* the exception ends sleep, too */
		(void)until(&context_area()->taken, before + 1);
	NEED(taken() == before + 1);
	check_taken(before, 1);
	take_missing();
}

/* It ignores everything, sees what it has lost, and lives. */
static void
ignore(void)
{
	uint32_t before = taken(), told = have.told, lost = 0;

	NEED(want(SP_RES_PAGES, LESS, 3) == SP_OK);
	until_tick(ticks() + 6);
	NEED(taken() == before + LESS && have.told == told + 1);
	NEED(me()->repossessed == taken() && wanted(SP_RES_PAGES) == 0);
	check_taken(before, LESS);
	check_data();
	have.missed = 0;
	for (uint32_t i = 0; i < PAGES; i++) {
		uint32_t *p = page_at(i);

		lost += have.pfn[i] == 0;
		*p = 1000 + i;
		NEED(have.missed == lost);
	}
	NEED(lost == LESS);
}

/* At once, everything: the area and what is kept stay. */
static void
lose_all(void)
{
	struct sp_context *c = context_get();
	uint32_t before = taken();

	for (uint32_t i = 0; i < KEPT; i++)
		c->keep[i] = have.pfn[PAGES - 1 - i];
	NEED(context_apply() == SP_OK);
	NEED(want(SP_RES_PAGES, 100000, 0) == SP_OK);
	NEED(taken() == before + PAGES - KEPT);
	check_taken(before, PAGES - KEPT);
	check_data();
	for (uint32_t i = 0; i < KEPT; i++)
		NEED(have.pfn[PAGES - 1 - i] != 0);
	uint32_t charged = me()->charged;

	/* Again: nothing is left to take, and who asks pays with his slice. */
	for (uint32_t i = 0; i < 100; i++)
		NEED(want(SP_RES_PAGES, 1, 0) == SP_OK);
	NEED(me()->charged == charged && wanted(SP_RES_PAGES) == 0);
	NEED(taken() == before + PAGES - KEPT);
}

static void
pages(void)
{
	NEED(exception_set(SP_EXC_REVOKE, on_revoke) == SP_OK);
	NEED(exception_set(SP_EXC_REPOSSESS, on_repossess) == SP_OK);
	NEED(exception_set_fault(on_miss) == SP_OK);
	for (uint32_t i = 0; i < PAGES; i++)
		take(i);
	cooperate();
	cheat();
	have.told = 0;
	ignore();
	lose_all();
}

/* Without an area it loses them just the same. */
static void
blind(void)
{
	for (uint32_t i = 0; i < PAGES; i++)
		take(i);
	NEED(want(SP_RES_PAGES, LESS, 2) == SP_OK);
	NEED((sys_wait(SP_EVENT_REVOKE) & SP_EVENT_REVOKE) != 0);
	NEED((sys_wait(SP_EVENT_REVOKE) & SP_EVENT_REVOKE) != 0);
	NEED(me()->repossessed == LESS);
}

/* --- what waits ------------------------------------------------------------------- */

/* Waiting for something else ends when an exception is delivered. */
static void
waiting(void)
{
	uint32_t start = ticks();

	NEED(exception_set(SP_EXC_REPOSSESS, on_repossess) == SP_OK);
	take(0);
	take(1);
	NEED(want(SP_RES_PAGES, 1, 3) == SP_OK);
	NEED(sys_wait(SP_EVENT_CHILD) == 0);
	NEED(have.told == 1 && ticks() - start <= 5);
	NEED(want(SP_RES_PAGES, 1, 3) == SP_OK);
	NEED(until(&context_area()->sent, 1) == 0);
	NEED(have.told == 2);
}

/* --- slices ------------------------------------------------------------------------ */

static uint32_t
highest_slice(void)
{
	uint32_t self = (uint32_t)sys_self(), at = SP_SLICES;

	while (app_info()->slice[--at] != self)
		;
	return at;
}

static void
slices(void)
{
	uint32_t last, before;

	NEED(context_open() == SP_OK);
	for (uint32_t at = SP_SLICES; at > SP_SLICES - 4; at--)
		NEED(sys_slice_take(APP_CAP_SELF, 0, at - 1) == SP_OK);
	before = me()->slices;
	last = highest_slice();
	NEED(want(SP_RES_SLICES, 1, 50) == SP_OK);
	NEED(sys_slice_free(APP_CAP_SELF, SP_SLICES - 2) == SP_OK);
	until_tick(ticks() + 3);
	NEED(wanted(SP_RES_SLICES) == 0 && taken() == 0);
	NEED(me()->slices == before - 1);
	NEED(want(SP_RES_SLICES, 1, 0) == SP_OK);
	NEED(taken() == 1 && context_area()->repossessed[0].name == last);
	NEED(context_area()->repossessed[0].resource == SP_RES_SLICES);
	NEED(want(SP_RES_SLICES, 1000, 1) == SP_OK);
	until_tick(ticks() + 4);
	NEED(me()->slices == 1 && taken() == before - 2);
	NEED(wanted(SP_RES_SLICES) == 0);
}

/* --- refusals ------------------------------------------------------------------------ */

static int32_t
want_of(uint32_t cap, uint32_t env, uint32_t resource, uint32_t count,
	uint32_t in_ticks)
{
	const struct sp_revoke r = { env, resource, count, in_ticks };

	return sys_revoke(cap, &r);
}

static void
refusals(void)
{
	uint32_t self = (uint32_t)sys_self(), agent = app_info()->env[0].id;

	NEED(context_open() == SP_OK);
	NEED(want_of(0, agent, SP_RES_PAGES, 1, 0) == SP_EPERM);
	NEED(want_of(APP_CAP_CONSOLE, self, SP_RES_PAGES, 1, 0) == SP_EPERM);
	NEED(want_of(9, self, SP_RES_PAGES, 1, 0) == SP_EPERM);
	NEED(want_of(99, self, SP_RES_PAGES, 1, 0) == SP_EPERM);
	NEED(want_of(0, self ^ 0x10000, SP_RES_PAGES, 1, 0) == SP_ENOENT);
	NEED(want_of(0, ~0u, SP_RES_PAGES, 1, 0) == SP_ENOENT);
	NEED(want_of(0, self, 0, 1, 0) == SP_EINVAL);
	NEED(want_of(0, self, SP_RES_COUNT, 1, 0) == SP_EINVAL);
	NEED(want_of(0, self, ~0u, 1, 0) == SP_EINVAL);
	NEED(want_of(0, self, SP_RES_PAGES, 0, 0) == SP_EINVAL);
	NEED(want_of(0, self, SP_RES_PAGES, 1, ~0u) == SP_EINVAL);
	NEED(want_of(0, self, SP_RES_PAGES, 1, 0x80000000u) == SP_EINVAL);
	NEED(sys_revoke(0, (void *)0x80100000) == SP_EFAULT);
	NEED(sys_revoke(0, NULL) == SP_EFAULT);
	NEED(taken() == 0 && me()->repossessed == 0);
}

/* --- rings and filters, while frames come ------------------------------------------- */

static void
lose(uint32_t resource, uint32_t id)
{
	uint32_t before = taken();

	NEED(want(resource, 1, 0) == SP_OK);
	NEED(taken() == before + 1);
	NEED(context_area()->repossessed[before].resource == resource);
	NEED(context_area()->repossessed[before].name == id);
	print("revoked: lost %u\n", resource);
}

static uint32_t
own_binding(void)
{
	uint32_t self = (uint32_t)sys_self(), at = SP_MAX_BINDINGS;

	while (--at > 0)
		if (app_info()->binding[at].id != 0 &&
			app_info()->binding[at].owner == self)
			return app_info()->binding[at].id;
	return 0;
}

/* Two bindings to its ring: each tenth frame costs it something. */
static void
traffic(void)
{
	struct sp_ring *r = ring_get();
	uint32_t ring = r->id;

	NEED(context_open() == SP_OK);
	print("revoked: ready\n");
	for (uint32_t n = 1; n <= 20; n++) {
		while (ring_waiting(r) == 0)
			(void)sys_wait(SP_EVENT_RING);
		ring_next(r);
		if (n == 10)
			lose(SP_RES_FILTERS, own_binding());
		if (n == 20)
			lose(SP_RES_RINGS, ring);
	}
	NEED(me()->rings == 0 && me()->bindings == 0 && own_binding() == 0);
	NEED(want(SP_RES_RINGS, 1, 0) == SP_OK);
	NEED(want(SP_RES_FILTERS, 1, 0) == SP_OK);
	NEED(taken() == 2);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} ways[] = { { "pages", pages }, { "blind", blind },
		{ "waiting", waiting }, { "slices", slices },
		{ "refusals", refusals }, { "traffic", traffic } };

	for (uint32_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (a0 > 1 && str_equal(app_arg(a1, 1), ways[i].name)) {
			ways[i].run();
			print("revoked: fine\n");
			return 0;
		}
	return 1;
}
