/*
 * attack_time.c - other people's slices, predicates about memory that is not
 * there, children that never yield, sleep for ever or wake for nothing.
 */
#include "apps/lib/mem.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/fate.h"

static uint32_t
agent(void)
{
	return app_info()->env[0].id;
}

/* A position that ENV (0: nobody) holds. */
static uint32_t
position_of(uint32_t env)
{
	uint32_t at = 0;

	while (at < SP_SLICES && app_info()->slice[at] != env)
		at++;
	return at;
}

static int32_t
take(uint32_t env, uint32_t at)
{
	return sys_slice_take(APP_CAP_SELF, env, at);
}

/* --- slices --------------------------------------------------------------------- */

static void
bad_positions(void)
{
	uint32_t theirs = position_of(agent()), none = position_of(0);

	refused("take-behind", SP_EINVAL, take(0, SP_SLICES));
	refused("take-wrap", SP_EINVAL, take(0, ~0u));
	refused("take-kernel", SP_EINVAL, take(0, (uint32_t)KERNEL_VA));
	refused("take-theirs", SP_EBUSY, take(0, theirs));
	refused("take-for-agent", SP_EPERM, take(agent(), none));
	refused("take-for-nobody", SP_ENOENT, take(0xffffff, none));
	refused("take-no-cap", SP_EPERM, sys_slice_take(9, 0, none));
	refused("take-cap-wrap", SP_EPERM, sys_slice_take(~0u, 0, none));
	refused("take-console-cap", SP_EPERM,
		sys_slice_take(APP_CAP_CONSOLE, 0, none));
	refused("free-behind", SP_EINVAL,
		sys_slice_free(APP_CAP_SELF, SP_SLICES));
	refused("free-wrap", SP_EINVAL, sys_slice_free(APP_CAP_SELF, ~0u));
	refused("free-theirs", SP_EPERM, sys_slice_free(APP_CAP_SELF, theirs));
	refused("free-nobodys", SP_ENOENT, sys_slice_free(APP_CAP_SELF, none));
	refused("free-no-cap", SP_EPERM,
		sys_slice_free(9, position_of((uint32_t)sys_self())));
}

/* All there are: what others had they still have. */
static void
all_positions(void)
{
	uint32_t self = (uint32_t)sys_self(), mine = position_of(self), n = 0;
	uint32_t theirs = app_info()->env[0].slices;

	for (uint32_t at = 0; at < SP_SLICES; at++)
		n += take(0, at) == SP_OK;
	attempt_holds("take-all",
		app_info()->env[0].slices == theirs &&
			app_info()->env[self % SP_MAX_ENVS].slices == n &&
			position_of(0) == SP_SLICES);
	for (uint32_t at = 0; at < SP_SLICES; at++)
		if (at != mine)
			(void)sys_slice_free(APP_CAP_SELF, at);
	attempt_holds(
		"give-back", app_info()->env[self % SP_MAX_ENVS].slices == 1);
}

/* A child may neither take nor free its parent's. */
static int
takes_from_above(uint32_t parent)
{
	uint32_t at = position_of(parent);

	if (take(0, at) != SP_EBUSY)
		return 1;
	if (sys_slice_free(APP_CAP_SELF, at) != SP_EPERM)
		return 2;
	return take(parent, position_of(0)) == SP_EPERM ? 3 : 4;
}

/* It ends while it holds all that were free. */
static int
hoards(uint32_t arg)
{
	(void)arg;
	for (uint32_t at = 0; at < SP_SLICES; at++)
		(void)take(0, at);
	return 5;
}

static int
frees_its_last(uint32_t arg)
{
	(void)arg;
	(void)sys_slice_free(APP_CAP_SELF, position_of((uint32_t)sys_self()));
	shared_set(0, 1);
	(void)sys_yield(0);
	shared_set(0, 2);
	return 6;
}

/* --- predicates ------------------------------------------------------------------- */

static struct sp_predicate
predicate(uint32_t va)
{
	struct sp_predicate p = { .n = 1 };

	p.term[0].va = va;
	p.term[0].op = SP_EQ;
	p.term[0].value = 12345;
	p.term[0].tag = 1;
	return p;
}

static int32_t
sleep_at(uint32_t va)
{
	const struct sp_predicate p = predicate(va);

	return sys_sleep_until(&p);
}

static int32_t
sleep_as(uint32_t n, uint32_t op, uint32_t tag)
{
	struct sp_predicate p = predicate(SHARED_VA);

	for (uint32_t i = 1; i < SP_TERMS; i++)
		p.term[i] = p.term[0];
	p.n = n;
	p.term[0].op = op;
	p.term[0].tag = tag;
	return sys_sleep_until(&p);
}

/* Tags 1, 2, 1: those of one do not stand together. */
static int32_t
sleep_scattered(void)
{
	struct sp_predicate p = predicate(SHARED_VA);

	p.n = 3;
	p.term[1] = p.term[2] = p.term[0];
	p.term[1].tag = 2;
	return sys_sleep_until(&p);
}

static void
bad_predicates(void)
{
	refused("sleep-pointer-kernel", SP_EFAULT,
		sys_sleep_until((void *)KERNEL_VA));
	refused("sleep-pointer-0", SP_EFAULT, sys_sleep_until(NULL));
	refused("sleep-pointer-end", SP_EFAULT,
		sys_sleep_until((void *)(SP_STACK_TOP - 8)));
	refused("sleep-none", SP_EINVAL, sleep_as(0, SP_EQ, 1));
	refused("sleep-nine", SP_EINVAL, sleep_as(SP_TERMS + 1, SP_EQ, 1));
	refused("sleep-wrap", SP_EINVAL, sleep_as(~0u, SP_EQ, 1));
	refused("sleep-op", SP_EINVAL, sleep_as(1, 4, 1));
	refused("sleep-op-wrap", SP_EINVAL, sleep_as(1, ~0u, 1));
	refused("sleep-tag-0", SP_EINVAL, sleep_as(1, SP_EQ, 0));
	refused("sleep-tag-negative", SP_EINVAL, sleep_as(1, SP_EQ, ~0u));
	refused("sleep-scattered", SP_EINVAL, sleep_scattered());
	refused("sleep-kernel", SP_EFAULT, sleep_at((uint32_t)KERNEL_VA));
	refused("sleep-kseg1", SP_EFAULT, sleep_at(0xbf000500));
	refused("sleep-unmapped", SP_EFAULT, sleep_at(SPARE_VA));
	refused("sleep-page-0", SP_EFAULT, sleep_at(0));
	refused("sleep-odd", SP_EINVAL, sleep_at(SHARED_VA + 2));
	refused("sleep-top", SP_EFAULT, sleep_at(0xfffffffc));
}

/* Sleeps on word 1 of the page at SPARE_VA until it is ARG. */
static int
sleeps_for(uint32_t arg)
{
	struct sp_predicate p = predicate(SPARE_VA + 4);

	p.term[0].value = arg;

	int32_t code = sys_sleep_until(&p);

	return code == SP_EREVOKED ? 21 : code == 1 ? 22 : 23;
}

static int32_t
lend(const struct spawn *s, uint32_t pfn)
{
	const struct sp_map m = {
		.env = s->env, .va = SPARE_VA, .pfn = pfn, .count = 1
	};

	return sys_map(&m);
}

/* What somebody sleeps on is freed, unmapped, or lives on when the sleeper dies. */
static void
freed_predicates(void)
{
	uint32_t pfn = own_pages(SPARE_VA, 1);
	struct spawn s = fate_begin(sleeps_for, 7);

	attempt_holds("lend", lend(&s, pfn) == SP_OK);
	attempt_holds("asleep", fate_until_state(&s, SP_ENV_SLEEPING, 100));
	(void)sys_page_free(APP_CAP_SELF, pfn, 1);
	attempt_holds("sleep-freed", fate_end(&s, 100) == 21);
	pfn = own_pages(SPARE_VA, 1);
	s = fate_begin(sleeps_for, 7);
	(void)lend(&s, pfn);
	(void)fate_until_state(&s, SP_ENV_SLEEPING, 100);
	(void)sys_unmap(APP_CAP_SELF, s.env, SPARE_VA, 1);
	attempt_holds("sleep-unmapped-lives", fate_until(&s, 1, 1, 5) == 0);
	mmio_store((uint32_t *)(SPARE_VA + 4), 7);
	attempt_holds("sleep-unmapped-wakes", fate_end(&s, 200) == 22);
	mmio_store((uint32_t *)(SPARE_VA + 4), 0);
	s = fate_begin(sleeps_for, 7);
	(void)lend(&s, pfn);
	(void)fate_until_state(&s, SP_ENV_SLEEPING, 100);
	attempt_holds("sleeper-killed", fate_end(&s, 3) == FATE_LIVES);
	drop_pages(SPARE_VA, pfn, 1);
}

/* --- who does not give up ------------------------------------------------------------ */

/* Runs in user mode for ever, without a call; the parent's slices still come. */
static void
never_yields(void)
{
	struct spawn s = fate_begin(fate_spin, 0);
	const uint32_t *mine =
		&app_info()->env[(uint32_t)sys_self() % SP_MAX_ENVS].ticks;
	uint32_t since = app_info()->ticks, ran = mmio_load(mine);

	while (mmio_load(&app_info()->ticks) - since < 50)
		;
	ran = mmio_load(mine) - ran;
	attempt_holds("never-yields", ran >= 15);
	attempt_holds("never-yields-lives", fate_end(&s, 0) == FATE_LIVES);
}

/* Yields to whoever named it, at once, always; counts the first of it. */
static int
yields_to(uint32_t env)
{
	uint32_t i = 0;

	while (sys_yield(env) >= 0)
		shared_set(0, i < 0x100 ? ++i : i);
	return 31;
}

static void
bad_yields(void)
{
	struct spawn s = fate_begin(fate_rest, 0);
	uint32_t dead = s.env;

	refused("yield-beyond", SP_ENOENT, sys_yield(0x7fffffff));
	refused("yield-kernel", SP_ENOENT, sys_yield((uint32_t)KERNEL_VA));
	refused("yield-stale", SP_ENOENT, sys_yield(dead ^ 0x100));
	(void)fate_end(&s, 0);
	refused("yield-dead", SP_ENOENT, sys_yield(dead));
	refused("wait-nothing", SP_EINVAL, sys_wait(0));
	fate("yields-to-dead", 31, yields_to, dead);
	s = fate_begin(yields_to, agent()); /* who waits */
	attempt_holds("yields-to-waiting", fate_until(&s, 0, 0x100, 300));
	(void)fate_end(&s, 0);
	s = fate_begin(yields_to, (uint32_t)sys_self());
	attempt_holds("yields-to-parent", fate_until(&s, 0, 0x100, 300));
	(void)fate_end(&s, 0);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t self = (uint32_t)sys_self();
	struct spawn s;

	(void)a0;
	(void)a1;
	bad_positions();
	all_positions();
	fate("take-from-above", 3, takes_from_above, self);
	fate("hoard-and-end", 5, hoards, 0);
	attempt_holds("hoard-is-free", position_of(0) != SP_SLICES);
	s = fate_begin(frees_its_last, 0);
	attempt_holds("frees-its-last", fate_until(&s, 0, 1, 200));
	attempt_holds("lives-on-gifts", fate_end(&s, 200) == 6);
	bad_predicates();
	freed_predicates();
	never_yields();
	bad_yields();
	attempt_done();
	return 0;
}
