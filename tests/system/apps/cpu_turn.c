/*
 * cpu_turn.c - yields: to one's like at the start of a slice, to the dead, to who
 * waits, to oneself; and what may happen to who has given up its slice so.
 */
#include "tests/system/apps/cpu.h"

enum { AREA_VA = 0x1000, TURNS = 5000, CALLS = 500 };
enum { W_STARTS, W_LEAK = 4, W_YIELD = 8, W_STOP = 12 };

/* cpu_turn.S */
void turn_start(void);
void turn_end(void);
void turn_serve(void);
int32_t turn_ask(uint32_t request);

static uint32_t page;

static uint32_t
pc_of(void (*f)(void))
{
	return (uint32_t)(uintptr_t)f;
}

/* Words behind the area. */
static volatile uint32_t *
behind(uint32_t i)
{
	return (volatile uint32_t *)(AREA_VA + 0x800) + i;
}

static uint32_t
request(uint32_t env)
{
	return SP_PCT(SP_PCT_YIELD, env);
}

/* --- the children ------------------------------------------------------------------- */

/* Number ARG gives each slice to whom word W_YIELD + ARG says; the counts are at
 * the beginning of the page that both have as their area's neighbour. */
static int
turner(uint32_t arg)
{
	struct sp_context c = {
		.area_va = AREA_VA,
		.start_pc = pc_of(turn_start),
		.end_pc = pc_of(turn_end),
		.sync_pc = pc_of(turn_serve),
	};

	(void)own_page(AREA_VA);
	while (*shared(W_YIELD + arg) == 0)
		(void)sys_yield(0);
	*behind(1) = *shared(W_YIELD + arg);
	if (sys_context_set(APP_CAP_SELF, 0, &c) < 0)
		return 1;
	*shared(W_STARTS + arg) = 1;
	(void)turn_ask(*behind(1));
	return 2; /* not reached */
}

static int
waiter(uint32_t arg)
{
	*shared(arg) = 1;
	for (;;)
		(void)sys_wait(SP_EVENT_CHILD);
	return 0;
}

/* With entries: what yields that cannot be done return. */
static int
refused(uint32_t dead)
{
	struct sp_context c = {
		.area_va = AREA_VA,
		.start_pc = pc_of(turn_start),
		.end_pc = pc_of(turn_end),
	};

	(void)own_page(AREA_VA);
	if (sys_context_set(APP_CAP_SELF, 0, &c) < 0)
		return 1;
	if (turn_ask(request(dead)) != SP_ENOENT ||
		turn_ask(request(dead & 0xff)) != SP_ENOENT ||
		turn_ask(request(0x1fffffff)) != SP_ENOENT ||
		sys_yield(dead) != SP_ENOENT)
		return 2;
	*behind(1) = request((uint32_t)sys_self()); /* from then on to itself */
	*shared(W_STOP) = 1;
	(void)turn_ask(request(0));
	return 3; /* not reached */
}

/* --- the parent ----------------------------------------------------------------------- */

/* The frame of the page that holds CHILD's area; it is the child's only one. */
static uint32_t
area_of(uint32_t env)
{
	const struct sp_frame *f = (const struct sp_frame *)SP_FRAMES_VA;
	uint32_t pfn = 0;

	while (pfn < app_info()->pages_total - 1 &&
		(f[pfn].owner != env % SP_MAX_ENVS + 1 ||
			f[pfn].kind != SP_FRAME_USER))
		pfn++;
	return pfn;
}

/* What the child's page says at I behind its area. */
static uint32_t
word_of(uint32_t env, uint32_t i)
{
	uint32_t va = SHARED_VA + SP_PAGE, v;

	if (map_page(0, va, area_of(env), 0) < 0)
		return ~0u;
	v = ((volatile uint32_t *)va)[0x800 / 4 + i];
	(void)sys_unmap(APP_CAP_SELF, 0, va, 1);
	return v;
}

static void
ping_pong(void)
{
	struct spawn a = child(page, turner, 0), b = child(page, turner, 1);
	uint32_t n, m, leak, dead = a.env;

	*shared(W_YIELD) = request(b.env);
	*shared(W_YIELD + 1) = request(a.env);
	while (*shared(W_STARTS) == 0 || *shared(W_STARTS + 1) == 0)
		(void)sys_yield(0);
	while (word_of(a.env, 0) < TURNS)
		(void)sys_yield(0);
	n = word_of(a.env, 0);
	m = word_of(b.env, 0);
	leak = word_of(a.env, 2) | word_of(b.env, 2);
	holds("turns", n > m ? n - m < n / 10 : m - n < n / 10);
	print("cpu: leak %x\n", leak);

	/* One that has given up its slice serves, and begins its next one. */
	for (n = 0; n < CALLS; n++)
		if (turn_ask(SP_PCT(SP_PCT_CALL, a.env)) != 0)
			break;
	print("cpu: calls %u\n", n);
	n = word_of(a.env, 0);
	pass(4 * TICK_COUNTS);
	holds("turns-on", word_of(a.env, 0) > n + 20);
	said("quick-to-a", turn_ask(request(a.env)));
	said("yield-to-b", sys_yield(b.env));
	spawn_drop(&a);
	said("quick-to-dead", turn_ask(request(dead)));
	n = word_of(b.env, 0);
	pass(10 * TICK_COUNTS);
	holds("alone", word_of(b.env, 0) > n + 5);
	spawn_drop(&b);
}

static void
others(void)
{
	struct spawn s = child(page, waiter, W_STOP);
	uint32_t dead, from;

	*shared(W_STOP) = 0;
	while (about(s.env)->state != SP_ENV_WAITING)
		(void)sys_yield(0);
	said("to-waiting", sys_yield(s.env));
	said("quick-to-waiting", turn_ask(request(s.env)));
	dead = s.env;
	spawn_drop(&s);
	said("to-dead", sys_yield(dead));
	said("quick-to-dead", turn_ask(request(dead)));
	said("to-self", sys_yield((uint32_t)sys_self()));
	said("quick-to-self", turn_ask(request((uint32_t)sys_self())));
	said("to-kernel", sys_yield(0x80100000));
	said("quick-to-0", turn_ask(request(0)));

	*shared(W_STOP) = 0;
	s = child(page, refused, dead);
	while (about(s.env)->state != SP_ENV_DEAD && *shared(W_STOP) == 0)
		(void)sys_yield(0);
	from = word_of(s.env, 0);
	pass(10 * TICK_COUNTS);
	holds("refused", about(s.env)->state == SP_ENV_RUNNABLE);
	holds("itself", word_of(s.env, 0) > from + 20);
	print("cpu: leak %x\n", word_of(s.env, 2));
	spawn_drop(&s);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	page = own_page(SHARED_VA);
	ping_pong();
	others();
	said("done", 0);
	return 0;
}
