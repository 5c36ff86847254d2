/*
 * judge.c - a bystander who notices when others' doings reach it.
 *
 * Its memory must hold what it wrote, its slice must come round, its calls must
 * answer, and the tables it can read must agree with each other.  Prints
 * "judge: sound" now and then, or "judge: FAIL what" and ends.  It begins with the
 * first frame in its ring: while it runs, uploads are slow.
 */
#include "tests/attack/attack.h"

enum {
	PAGES = 64,
	WORDS = PAGES * SP_PAGE / 4,
	REPORT_TICKS = 100,
	WINDOW_TICKS = 4 * SP_SLICES, /* its one slice comes four times */
	LEAST_TICKS = 2,
};

static uint32_t *const memory = (uint32_t *)SPARE_VA;

static void
fail(const char *what, uint32_t got, uint32_t want)
{
	print("judge: FAIL %s: %08x, not %08x\n", what, got, want);
	sys_exit(1);
}

static uint32_t
pattern(uint32_t round, uint32_t i)
{
	return (i * 2654435761u) ^ (round * 0x01010101u) ^ 0x5eed;
}

static void
write_memory(uint32_t round)
{
	for (uint32_t i = 0; i < WORDS; i++)
		mmio_store(memory + i, pattern(round, i));
}

static void
check_memory(uint32_t round)
{
	for (uint32_t i = 0; i < WORDS; i++) {
		uint32_t got = mmio_load(memory + i);

		if (got != pattern(round, i))
			fail("memory", got, pattern(round, i));
	}
}

static const struct sp_env_info *
me(void)
{
	return &app_info()->env[(uint32_t)sys_self() % SP_MAX_ENVS];
}

/* Do the entries of the slice vector add up to what each environment has?  Only
 * a look that no tick interrupted counts. */
static void
check_slices(void)
{
	const struct sp_info *info = app_info();
	uint32_t ticks = mmio_load(&info->ticks), has[SP_MAX_ENVS] = { 0 };
	uint32_t says[SP_MAX_ENVS];

	for (uint32_t i = 0; i < SP_SLICES; i++) {
		uint32_t env = mmio_load(&info->slice[i]);

		if (env != 0)
			has[env % SP_MAX_ENVS]++;
	}
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++)
		says[i] = mmio_load(&info->env[i].slices);
	if (mmio_load(&info->ticks) != ticks)
		return;
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++)
		if (says[i] != has[i])
			fail("slices", has[i], says[i]);
}

static void
check_calls(void)
{
	int32_t code = sys_call((enum sp_call)0x12345, 1, 2, 3, 4);

	if (me()->id != (uint32_t)sys_self())
		fail("self", me()->id, (uint32_t)sys_self());
	if (code != SP_ENOSYS)
		fail("unknown call", (uint32_t)code, (uint32_t)SP_ENOSYS);
}

/* Its share of the CPU since the last time; the windows are long. */
static void
check_share(void)
{
	static uint32_t since, ran;
	uint32_t now = mmio_load(&app_info()->ticks);
	uint32_t runs = mmio_load(&me()->ticks);

	if (now - since < WINDOW_TICKS)
		return;
	if (since != 0 &&
		(runs - ran) * WINDOW_TICKS < LEAST_TICKS * (now - since))
		fail("ticks of its own", runs - ran,
			LEAST_TICKS * (now - since) / WINDOW_TICKS);
	since = now;
	ran = runs;
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t reported = 0;

	(void)a0;
	(void)a1;
	(void)own_pages(SPARE_VA, PAGES);
	print("judge: ready\n");
	(void)sys_wait(SP_EVENT_RING);
	for (uint32_t round = 0;; round++) {
		write_memory(round);
		check_calls();
		check_slices();
		check_share();
		check_memory(round);
		if (app_info()->ticks - reported > REPORT_TICKS) {
			reported = app_info()->ticks;
			print("judge: sound, %u rounds\n", round);
		}
	}
}
