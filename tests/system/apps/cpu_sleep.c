/*
 * cpu_sleep.c - sleeping until memory says so: each comparison, sums of products,
 * time-outs, words that go away.
 */
#include "tests/system/apps/cpu.h"

/* Words of the shared page. */
enum { W_A, W_B, W_WHERE, W_WHAT, W_PING, W_ASLEEP };

enum { ROUNDS = 300, OWN_VA = 0x22001000 };

static uint32_t page;
static struct spawn other;

static struct sp_predicate
when(uint32_t va, uint32_t op, uint32_t value, uint32_t tag)
{
	struct sp_predicate p = { .n = 1 };

	p.term[0].va = va;
	p.term[0].op = op;
	p.term[0].value = value;
	p.term[0].tag = tag;
	return p;
}

static void
also(struct sp_predicate *p, uint32_t va, uint32_t op, uint32_t value,
	uint32_t tag)
{
	p->term[p->n].va = va;
	p->term[p->n].op = op;
	p->term[p->n].value = value;
	p->term[p->n++].tag = tag;
}

static uint32_t
word(uint32_t i)
{
	return SHARED_VA + 4 * i;
}

/* At most COUNT ticks. */
static void
or_ticks(struct sp_predicate *p, uint32_t count)
{
	also(p, sys_addr(&app_info()->ticks), SP_GE, ticks() + count, 99);
}

static int
sleep_until(struct sp_predicate p)
{
	return sys_sleep_until(&p);
}

/* --- the other side -------------------------------------------------------------- */

/* Does what it is told: store W_WHAT at word W_WHERE. */
static int
poker(uint32_t arg)
{
	(void)arg;
	for (;;) {
		struct sp_predicate p = when(word(W_WHERE), SP_NE, 0, 1);

		(void)sleep_until(p);
		*shared(*shared(W_WHERE)) = *shared(W_WHAT);
		*shared(W_WHERE) = 0;
	}
	return 0;
}

/* What sleeping until P returns when meanwhile WHAT is stored at W_B. */
static int
poked(struct sp_predicate p, uint32_t what)
{
	*shared(W_WHAT) = what;
	*shared(W_WHERE) = W_B;
	return sleep_until(p);
}

/* --- comparisons ------------------------------------------------------------------ */

/* W_B is FROM, then BAD, which does not wake, then GOOD. */
static void
compares(const char *name, uint32_t op, uint32_t value, uint32_t from,
	uint32_t bad, uint32_t good)
{
	struct sp_predicate p = when(word(W_B), op, value, 7);
	int slept, woke;

	*shared(W_B) = from;
	or_ticks(&p, 3);
	slept = poked(p, bad);
	p = when(word(W_B), op, value, 7);
	woke = poked(p, good);
	print("cpu: %s %d %d\n", name, slept, woke);
}

static void
comparisons(void)
{
	compares("eq", SP_EQ, 5, 0, 4, 5);
	compares("eq-high", SP_EQ, 0x80000000, 0, 0x80000001, 0x80000000);
	compares("ne", SP_NE, 5, 5, 5, 0xffffffff);
	compares("lt", SP_LT, 5, 5, 6, 4);
	compares("lt-wraps", SP_LT, 5, 5, 0x80000004, 0xfffffff0);
	compares("ge", SP_GE, 5, 4, 3, 5);
	compares("ge-wraps", SP_GE, 0xfffffff0, 0xffffffef, 0x7ffffff0, 3);
}

static void
products(void)
{
	struct sp_predicate p;

	*shared(W_A) = 1;
	*shared(W_B) = 0;
	p = when(word(W_A), SP_EQ, 1, 3);
	also(&p, word(W_B), SP_EQ, 9, 3);
	or_ticks(&p, 3);
	print("cpu: half-a-product %d\n", poked(p, 8));
	p.term[2].value = ticks() + 1000;
	print("cpu: product %d\n", poked(p, 9));
	p.term[1].tag = 4; /* W_A alone suffices now */
	print("cpu: sum %d\n", sleep_until(p));
	*shared(W_A) = 2;
	p.term[1].value = 10;
	print("cpu: second-of-a-sum %d\n", poked(p, 10));
	*shared(W_B) = 0;
	p = when(word(W_B), SP_GE, 1, 0x7fffffff);
	while (p.n < SP_TERMS)
		also(&p, word(W_B), SP_LT, 20 - p.n, 0x7fffffff);
	print("cpu: eight-terms %d\n", poked(p, 1));
}

/* --- refusals --------------------------------------------------------------------- */

static __attribute__((noinline)) void
with_n(const char *name, uint32_t n)
{
	struct sp_predicate p = when(word(W_A), SP_EQ, ~0u, 1);

	p.n = n;
	said(name, sleep_until(p));
}

static __attribute__((noinline)) void
refused(const char *name, uint32_t va, uint32_t op, uint32_t tag)
{
	said(name, sleep_until(when(va, op, ~0u, tag)));
}

static void
refusals(void)
{
	struct sp_predicate p = when(word(W_A), SP_EQ, ~0u, 1);

	with_n("no-terms", 0);
	with_n("nine-terms", SP_TERMS + 1);
	with_n("wild-terms", ~0u);
	refused("op", word(W_A), 4, 1);
	refused("tag-0", word(W_A), SP_NE, 0);
	refused("tag-high", word(W_A), SP_NE, 1u << 31);
	refused("odd", word(W_A) + 1, SP_NE, 1);
	refused("half", word(W_A) + 2, SP_NE, 1);
	refused("kernel-word", 0x80100000, SP_NE, 1);
	refused("kernel-top", 0xfffffffc, SP_NE, 1);
	refused("unmapped-word", OWN_VA, SP_NE, 1);
	refused("page-0", 0, SP_NE, 1);
	also(&p, word(W_A), SP_EQ, ~0u, 2);
	also(&p, word(W_A), SP_NE, ~0u, 1);
	said("tag-twice", sleep_until(p));
	said("pointer",
		sys_sleep_until((const struct sp_predicate *)0x80100000));
	said("pointer-0", sys_sleep_until(NULL));
	said("pointer-over-top",
		sys_sleep_until(
			(const struct sp_predicate *)(SP_STACK_TOP - 8)));
}

/* --- waking each other ------------------------------------------------------------- */

static int
ponger(uint32_t arg)
{
	(void)arg;
	for (uint32_t i = 1; i < 2 * ROUNDS; i += 2) {
		(void)sleep_until(when(word(W_PING), SP_EQ, i, 1));
		*shared(W_PING) = i + 1;
	}
	return 5;
}

static void
wait_end(uint32_t env)
{
	while (about(env)->id == env && about(env)->state != SP_ENV_DEAD)
		(void)sys_wait(SP_EVENT_CHILD);
}

static void
ping_pong(void)
{
	struct spawn s;
	uint32_t i, good = 0;

	*shared(W_PING) = 0;
	s = child(page, ponger, 0);
	for (i = 0; i < 2 * ROUNDS; i += 2) {
		*shared(W_PING) = i + 1;
		good += sleep_until(when(word(W_PING), SP_EQ, i + 2, 2)) == 2;
	}
	print("cpu: rounds %u\n", good);
	wait_end(s.env);
	print("cpu: ponger %u\n", about(s.env)->exit_code);
	spawn_drop(&s);
}

/* --- time -------------------------------------------------------------------------- */

/* Ticks until W_PING changes. */
static int
sleeper(uint32_t arg)
{
	*shared(W_ASLEEP) = 1;
	return sleep_until(when(arg, SP_NE, 0, 6));
}

static void
costs_nothing(void)
{
	struct spawn s;
	uint32_t mine, his, from = ticks();

	*shared(W_PING) = *shared(W_ASLEEP) = 0;
	s = child(page, sleeper, word(W_PING));
	while (about(s.env)->state != SP_ENV_SLEEPING)
		(void)sys_yield(0);
	mine = about((uint32_t)sys_self())->ticks;
	his = about(s.env)->ticks;
	from = ticks();
	while (ticks() - from < 20) /* works all the time */
		;
	holds("sleeper-took-none", about(s.env)->ticks == his);
	holds("worker-took-all",
		about((uint32_t)sys_self())->ticks - mine >= 19);
	*shared(W_PING) = 1;
	wait_end(s.env);
	print("cpu: slept %u\n", about(s.env)->exit_code);
	spawn_drop(&s);
}

static void
times_out(void)
{
	uint32_t from = ticks();
	struct sp_predicate p = when(word(W_A), SP_EQ, ~0u, 1);

	or_ticks(&p, 10);
	print("cpu: time-out %d\n", sleep_until(p)); /* nobody runs meanwhile */
	holds("in-time", ticks() - from >= 10 && ticks() - from < 13);
}

/* --- words that go away -------------------------------------------------------------- */

/* A child that sleeps on a word of the frame PFN, which it sees at OWN_VA. */
static struct spawn
sleeps_on(uint32_t pfn)
{
	struct spawn s;

	if (spawn_create(&s, "cpu-child-0123456789abc") < 0 ||
		map_page(s.env, SHARED_VA, page, SP_MAP_WRITE) < 0 ||
		map_page(s.env, OWN_VA, pfn, 0) < 0 ||
		spawn_start(&s, sleeper, OWN_VA + 8, 1) < 0)
		said("no-child", SP_ENOMEM);
	while (about(s.env)->state != SP_ENV_SLEEPING)
		(void)sys_yield(0);
	return s;
}

static void
go_away(void)
{
	uint32_t pfn = own_page(OWN_VA);
	struct spawn s = sleeps_on(pfn);

	said("free", sys_page_free(APP_CAP_SELF, pfn, 1));
	wait_end(s.env);
	print("cpu: freed %d\n", (int)about(s.env)->exit_code);
	said("take-frame", sys_page_alloc(APP_CAP_SELF, 1, 0, pfn));
	said("map-frame", map_page(0, OWN_VA, pfn, SP_MAP_WRITE));
	spawn_drop(&s);

	s = sleeps_on(pfn);
	said("unmap", sys_unmap(APP_CAP_SELF, s.env, OWN_VA, 1));
	pass(3 * TICK_COUNTS);
	holds("sleeps-on", about(s.env)->state == SP_ENV_SLEEPING);
	mmio_store((uint32_t *)(OWN_VA + 8), 1);
	wait_end(s.env);
	print("cpu: unmapped %d\n", (int)about(s.env)->exit_code);
	spawn_drop(&s);

	mmio_store((uint32_t *)(OWN_VA + 8), 0);
	s = sleeps_on(pfn);
	spawn_drop(&s); /* killed asleep */
	said("free-killed", sys_page_free(APP_CAP_SELF, pfn, 1));
	said("take-killed", sys_page_alloc(APP_CAP_SELF, 1, 0, pfn));
	(void)sys_page_free(APP_CAP_SELF, pfn, 1);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	page = own_page(SHARED_VA);
	refusals();
	other = child(page, poker, 0);
	comparisons();
	products();
	spawn_drop(&other);
	ping_pong();
	costs_nothing();
	times_out();
	go_away();
	said("done", 0);
	return 0;
}
