/*
 * master.c - several environments make random system calls, for ever or so many.
 *
 * Arguments: SEED CALLS WORKERS.  Prints "fuzz: CALLS calls" now and then, and in
 * the end a line for each call, with how many of them worked, and "fuzz: done".
 * Workers that die or make no calls any more are replaced; some live long enough.
 */
#include "tests/attack/lib/flow.h"
#include "tests/attack/lib/spawn.h"
#include "tests/fuzz/syscall/fuzz.h"

enum {
	REPORT_TICKS = 50,
	BLOCKED_TICKS = 25, /* waits, sleeps or calls for so long: killed */
	RUNS_TICKS = 10,    /* ran in so many slices without a call: killed */
	LOST_TICKS = 1000,  /* did neither for so long: killed */
	LIFE = 20000,       /* calls, about */
};

static struct worker {
	struct spawn child;
	uint32_t scratch_pfn;
	uint32_t seen;     /* calls, when they last went up */
	uint32_t seen_at;  /* ticks of the machine then, */
	uint32_t seen_ran; /* ... and its own */
	uint32_t ends;     /* calls after which it is killed */
} worker[WORKERS];

static struct {
	uint32_t seed, limit, workers;
	uint32_t flow, stats_pfn;
	uint32_t births, deaths, stalls, kills;
	uint32_t refused; /* births that the kernel refused, in a row */
	uint32_t reported;
} master;

static uint32_t
number(const char *s)
{
	uint32_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	return v;
}

/* Frames of our type whose first byte is the worker's index are its own. */
static int32_t
give_flow(uint32_t i, uint32_t env)
{
	const struct type_filter f = type_filter(TYPE, i);

	return flow_give(master.flow, &f, env);
}

static int32_t
share(uint32_t env, uint32_t va, uint32_t pfn, uint32_t count)
{
	const struct sp_map m = {
		.env = env,
		.va = va,
		.pfn = pfn,
		.count = count,
		.flags = SP_MAP_WRITE,
	};

	return sys_map(&m);
}

/* What a worker has besides itself: shared counters, scratch, a flow, a look at
 * our frames. */
static int32_t
equip(uint32_t i)
{
	struct worker *w = &worker[i];
	struct sp_cap look = own_name(SP_CAP_READ);
	int32_t err = share(w->child.env, STATS_VA, master.stats_pfn, 1);

	if (err == SP_OK)
		err = share(w->child.env, SCRATCH_VA, w->scratch_pfn,
			SCRATCH_PAGES);
	if (err == SP_OK)
		err = sys_cap_grant(APP_CAP_SELF, w->child.env, 2, &look);
	if (err < 0)
		return err;
	err = give_flow(i, w->child.env);
	if (err < 0)
		return err;
	stats()->worker[i].flow = (uint32_t)err;
	return SP_OK;
}

static void
renew(uint32_t i)
{
	struct worker *w = &worker[i];
	const struct worker_stats *s = &stats()->worker[i];
	int32_t err;

	spawn_drop(&w->child);
	err = spawn_create(&w->child, "fuzz-worker-0123456789a");
	if (err > 0)
		err = equip(i);
	if (err == SP_OK)
		err = spawn_start(
			&w->child, worker_run, master.seed * WORKERS + i, 1);
	if (err < 0) {
		spawn_drop(&w->child);
		master.refused++;
		return;
	}
	master.refused = 0;
	master.births++;
	w->seen = s->calls;
	w->seen_at = app_info()->ticks;
	w->seen_ran = 0;
	w->ends = s->calls + LIFE / 4 + below(LIFE);
}

static bool
is_stuck(const struct worker *w)
{
	const struct sp_env_info *e =
		&app_info()->env[w->child.env % SP_MAX_ENVS];
	uint32_t since = app_info()->ticks - w->seen_at;

	if (e->state == SP_ENV_WAITING || e->state == SP_ENV_SLEEPING)
		return since > BLOCKED_TICKS;
	return e->ticks - w->seen_ran > RUNS_TICKS || since > LOST_TICKS;
}

static void
look_after(uint32_t i)
{
	struct worker *w = &worker[i];
	uint32_t calls = stats()->worker[i].calls;

	if (!spawn_lives(&w->child)) {
		master.deaths++;
		renew(i);
	} else if (calls != w->seen) {
		w->seen = calls;
		w->seen_at = app_info()->ticks;
		w->seen_ran = app_info()->env[w->child.env % SP_MAX_ENVS].ticks;
		if ((int32_t)(calls - w->ends) > 0) {
			master.kills++;
			renew(i);
		}
	} else if (is_stuck(w)) {
		master.stalls++;
		renew(i);
	}
}

static uint32_t
calls_made(void)
{
	uint32_t calls = 0;

	for (uint32_t i = 0; i < master.workers; i++)
		calls += stats()->worker[i].calls;
	return calls;
}

/* --- reports --------------------------------------------------------------------- */

static void
report_calls(void)
{
	static const char *const names[SP_CALL_COUNT + 4] = {
#define X(name, value) [value] = #name,
		SP_CALLS(X)
#undef X
			[SP_CALL_COUNT] = "pct-call",
		[SP_CALL_COUNT + 1] = "pct-send",
		[SP_CALL_COUNT + 2] = "pct-return",
		[SP_CALL_COUNT + 3] = "pct-yield",
	};

	for (uint32_t n = 0; n < ARRAY_LEN(names); n++) {
		uint32_t worked = 0;

		for (uint32_t i = 0; i < master.workers; i++)
			worked += stats()->worker[i].worked[n];
		print("fuzz: worked %s %u\n", names[n], worked);
	}
}

static void
report_findings(void)
{
	static const char *const registers[LEAKS] = { "a temporary", "hi or lo",
		"a saved register", "sp or ra" };

	for (uint32_t i = 0; i < master.workers; i++) {
		const struct worker_stats *s = &stats()->worker[i];

		print("fuzz: worker %u: %u exceptions, %u upcalls, %u served\n",
			i, s->exceptions, s->upcalls, s->served);
		for (uint32_t l = 0; l < LEAKS; l++)
			if (s->leak[l] != 0)
				print("fuzz: LEAK of %s, %08x after call %d\n",
					registers[l], s->leak[l],
					(int)s->leak_number);
		if (s->odd != 0)
			print("fuzz: ODD result %d of call %d\n", (int)s->odd,
				(int)s->odd_number);
	}
}

static void
report_progress(void)
{
	if (app_info()->ticks - master.reported < REPORT_TICKS)
		return;
	master.reported = app_info()->ticks;
	print("fuzz: %u calls, %u births\n", calls_made(), master.births);
}

/* ---------------------------------------------------------------------------------- */

static int32_t
prepare(void)
{
	int32_t pfn = sys_page_alloc(
		APP_CAP_SELF, 1 + master.workers * SCRATCH_PAGES, 0, PFN_ANY);
	int32_t err;

	if (pfn < 0)
		return pfn;
	master.stats_pfn = (uint32_t)pfn;
	for (uint32_t i = 0; i < master.workers; i++)
		worker[i].scratch_pfn =
			master.stats_pfn + 1 + i * SCRATCH_PAGES;
	err = share(0, STATS_VA, master.stats_pfn, 1);
	if (err < 0)
		return err;
	master.flow = flow_await();
	for (uint32_t i = 0; i < master.workers; i++)
		renew(i);
	return master.births == master.workers ? SP_OK : SP_ENOMEM;
}

int
app_main(uint32_t a0, uint32_t a1)
{
	int32_t err;

	master.seed = a0 > 1 ? number(app_arg(a1, 1)) : 1;
	master.limit = a0 > 2 ? number(app_arg(a1, 2)) : 100000;
	master.workers = a0 > 3 ? number(app_arg(a1, 3)) : 5;
	if (master.workers < 1 || master.workers > WORKERS)
		return SP_EINVAL;
	fuzz_seed(master.seed);
	err = prepare();
	if (err < 0) {
		print("fuzz: cannot start: %d\n", (int)err);
		return err;
	}
	while (calls_made() < master.limit) {
		for (uint32_t i = 0; i < master.workers; i++)
			look_after(i);
		report_progress();
		(void)sys_yield(0);
	}
	for (uint32_t i = 0; i < master.workers; i++)
		spawn_drop(&worker[i].child);
	report_calls();
	report_findings();
	print("fuzz: done %u calls, %u births, %u deaths, %u stalls, %u "
	      "kills\n",
		calls_made(), master.births, master.deaths, master.stalls,
		master.kills);
	return 0;
}
