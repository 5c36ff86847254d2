/*
 * cpu_slices.c - positions of the slice vector: who may have them, and that their
 * holders run in their order, each for a whole slice.
 */
#include "tests/system/apps/cpu.h"

enum { LOGGED = 800, CHILDREN = 3 };

static uint32_t page;

/* --- order -------------------------------------------------------------------- */

/* Word 0 counts the entries behind it. */
static int
logger(uint32_t arg)
{
	for (;;) {
		uint32_t n = *shared(0);

		if (n < LOGGED) {
			*shared(1 + n) = arg;
			*shared(0) = n + 1;
		}
		(void)sys_yield(0);
	}
	return 0;
}

/* How often B follows A in the log. */
static uint32_t
follows(uint32_t a, uint32_t b)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < LOGGED; i++)
		n += *shared(i) == a && *shared(i + 1) == b;
	return n;
}

/* The children run in this order, again and again; a tick in the middle of an
 * entry may disturb a few. */
static int
in_order(uint32_t a, uint32_t b, uint32_t c)
{
	*shared(0) = 0;
	while (*shared(0) < LOGGED)
		pass(TICK_COUNTS / 2);
	return follows(a, b) > LOGGED / 4 && follows(b, c) > LOGGED / 4 &&
	       follows(c, a) > LOGGED / 4;
}

static void
order(void)
{
	struct spawn c[CHILDREN];

	*shared(0) = LOGGED;
	for (uint32_t i = 0; i < CHILDREN; i++)
		c[i] = child(page, logger, i);
	said("move-0", move_to(c[0].env, 40));
	said("move-1", move_to(c[1].env, 50));
	said("move-2", move_to(c[2].env, 60));
	holds("order-0-1-2", in_order(0, 1, 2));
	said("move-over", move_to(c[2].env, 50));
	holds("over-is-his", position_of(c[2].env) == 50);
	holds("none-left", about(c[1].env)->slices == 0 &&
				   position_of(c[1].env) == SP_SLICES);
	said("move-back", move_to(c[1].env, 63));
	holds("order-0-2-1", in_order(0, 2, 1));
	for (uint32_t i = 0; i < CHILDREN; i++)
		spawn_drop(&c[i]);
	holds("dead-free", app_info()->slice[40] == 0 &&
				   app_info()->slice[50] == 0 &&
				   app_info()->slice[63] == 0);
}

/* --- whole slices --------------------------------------------------------------- */

/* Works for most of each slice, which begins where time has leapt, then lets
 * go. */
static int
hog(uint32_t arg)
{
	uint32_t from = sys_count(), last = from;

	(void)arg;
	for (;;) {
		uint32_t now = sys_count();

		if (now - last > TICK_COUNTS / 20)
			from = now;
		last = now;
		if (now - from > TICK_COUNTS / 10 * 7)
			(void)sys_yield(0);
	}
	return 0;
}

/* Adds up the time it has, in word 0. */
static int
worker(uint32_t arg)
{
	uint32_t last = sys_count();

	(void)arg;
	for (;;) {
		uint32_t now = sys_count();

		if (now - last < TICK_COUNTS / 20)
			*shared(0) += now - last;
		last = now;
	}
	return 0;
}

static void
no_stumps(void)
{
	uint32_t from, had;
	struct spawn a = child(page, hog, 0), b = child(page, worker, 0);

	pass(TICK_COUNTS);
	had = *shared(0);
	from = sys_count();
	pass(60 * TICK_COUNTS);
	/* It has 10 of each 17 ms. */
	holds("whole-slices", *shared(0) - had > (sys_count() - from) / 5 * 2);
	spawn_drop(&a);
	spawn_drop(&b);
}

/* --- refusals ------------------------------------------------------------------- */

static int
waiter(uint32_t arg)
{
	(void)arg;
	for (;;)
		(void)sys_wait(SP_EVENT_CHILD);
	return 0;
}

static uint32_t
counted(uint32_t env)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SP_SLICES; i++)
		n += app_info()->slice[i] == env;
	return n;
}

static void
fill(uint32_t self)
{
	const struct sp_start start = { .slices = 1 };
	struct spawn s;
	uint32_t before = about(self)->slices;

	for (uint32_t i = 0; i < SP_SLICES; i++)
		if (app_info()->slice[i] == 0)
			(void)sys_slice_take(APP_CAP_SELF, self, i);
	holds("full", counted(0) == 0 && counted(self) == about(self)->slices);
	said("full-create", spawn_create(&s, "cpu-child-0123456789abc"));
	said("full-start", sys_env_start(APP_CAP_SELF, s.env, &start));
	for (uint32_t i = SP_SLICES; about(self)->slices > before; i--)
		if (app_info()->slice[i - 1] == self)
			(void)sys_slice_free(APP_CAP_SELF, i - 1);
	said("free-start", sys_env_start(APP_CAP_SELF, s.env, &start));
	spawn_drop(&s);
}

static void
refusals(void)
{
	uint32_t self = (uint32_t)sys_self(), agent = app_info()->env[0].id;
	uint32_t his = position_of(agent), mine = position_of(self);
	struct spawn s = child(page, waiter, 0);
	uint32_t slices = about(self)->slices, dead = s.env;

	said("take-64", sys_slice_take(APP_CAP_SELF, self, SP_SLICES));
	said("take-wild", sys_slice_take(APP_CAP_SELF, self, ~0u));
	said("free-64", sys_slice_free(APP_CAP_SELF, SP_SLICES));
	said("free-wild", sys_slice_free(APP_CAP_SELF, 0x80000000));
	said("take-his", sys_slice_take(APP_CAP_SELF, self, his));
	said("free-his", sys_slice_free(APP_CAP_SELF, his));
	said("take-for-him", sys_slice_take(APP_CAP_SELF, agent, 33));
	said("take-no-cap", sys_slice_take(9, self, 33));
	said("take-wild-cap", sys_slice_take(~0u, self, 33));
	said("take-console-cap", sys_slice_take(APP_CAP_CONSOLE, self, 33));
	said("free-no-cap", sys_slice_free(9, mine));
	said("free-free", sys_slice_free(APP_CAP_SELF, 33));
	said("take-nobody", sys_slice_take(APP_CAP_SELF, self ^ 0x100, 33));
	holds("nothing-changed", counted(self) == slices &&
					 about(self)->slices == slices &&
					 app_info()->slice[33] == 0 &&
					 app_info()->slice[his] == agent);
	said("take", sys_slice_take(APP_CAP_SELF, 0, 33));
	said("take-own", sys_slice_take(APP_CAP_SELF, self, 33));
	holds("taken", about(self)->slices == slices + 1);
	said("give", sys_slice_take(APP_CAP_SELF, s.env, 33));
	holds("given", about(self)->slices == slices &&
			       app_info()->slice[33] == s.env);
	said("free-childs", sys_slice_free(APP_CAP_SELF, 33));
	spawn_drop(&s);
	said("take-dead", sys_slice_take(APP_CAP_SELF, dead, 33));
	fill(self);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	page = own_page(SHARED_VA);
	refusals();
	order();
	no_stumps();
	said("done", 0);
	return 0;
}
