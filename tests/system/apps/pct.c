/*
 * pct.c - environments that call each other by protected control transfer.
 *
 * Argument 1 is the role: a letter (see below); argument 2 the name of the other
 * environment, if the role wants one.  Results are lines "pct: NAME ...".
 */
#include "tests/system/apps/pct.h"

#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>

enum {
	SPINS = 4000000, /* some slices */
	FIGURES = 1000,
};

static uint64_t stack[128];

static uint32_t
entry(void (*f)(void))
{
	return (uint32_t)(uintptr_t)f;
}

/* The environment called NAME, alive; waits for it. */
static uint32_t
find(const char *name)
{
	for (;; (void)sys_yield(0))
		for (uint32_t i = 0; i < SP_MAX_ENVS; i++) {
			const struct sp_env_info *e = &app_info()->env[i];
			uint32_t k = 0;

			while (name[k] != '\0' && name[k] == e->name[k])
				k++;
			if (name[k] == e->name[k] &&
				mmio_load(&e->state) != SP_ENV_DEAD &&
				mmio_load(&e->state) != SP_ENV_NEW)
				return e->id;
		}
}

static void
take_calls(void (*sync)(void), void (*async)(void))
{
	const struct sp_context c = { .sync_pc = entry(sync),
		.async_pc = entry(async) };

	print("pct: context %d\n", sys_context_set(APP_CAP_SELF, 0, &c));
}

static void
transfer(const char *name, uint32_t kind, uint32_t to, uint32_t expect)
{
	int changed = pct_transfer(SP_PCT(kind, to), expect);

	print("pct: %s %d changed %d\n", name, (int)pct_result, changed);
}

static void
call(const char *name, const char *to)
{
	int changed = pct_transfer(SP_PCT(SP_PCT_CALL, find(to)), EXPECT_REPLY);

	if ((int)pct_result == SP_EKILLED)
		changed = changed == 1 ? 0 : 99;
	print("pct: %s %d changed %d\n", name, (int)pct_result, changed);
}

/* Says what it has served, a line whenever it was. */
static void
report(void)
{
	uint32_t before = 0, taken = 0;

	for (;;) {
		if (mmio_load(&served_done) != before) {
			before = mmio_load(&served_done);
			print("pct: served %u bad %u wait %d by %s\n", before,
				served_bad, (int)served_wait,
				app_info()->env[served_id % SP_MAX_ENVS].name);
		}
		if (mmio_load(&sent) != taken) {
			taken = mmio_load(&sent);
			print("pct: took %u bad %u by %s\n", taken, sent_bad,
				app_info()->env[sent_id % SP_MAX_ENVS].name);
		}
		(void)sys_yield(0);
	}
}

static void
refusals(const char *other)
{
	uint32_t self = (uint32_t)sys_self(), to = find(other);
	int32_t child =
		sys_env_create(APP_CAP_SELF, "child                   ");

	transfer("no-entry", SP_PCT_CALL, (uint32_t)child, EXPECT_MESSAGE);
	(void)sys_env_kill(APP_CAP_SELF, (uint32_t)child);
	transfer("dead", SP_PCT_CALL, (uint32_t)child, EXPECT_MESSAGE);
	transfer("dead-send", SP_PCT_SEND, (uint32_t)child, EXPECT_MESSAGE);
	transfer("nobody", SP_PCT_CALL, 0, EXPECT_MESSAGE);
	transfer("stale", SP_PCT_CALL, to ^ 0x100, EXPECT_MESSAGE);
	transfer("stale-high", SP_PCT_CALL, to ^ 0x800000, EXPECT_MESSAGE);
	transfer("reserved-bits", SP_PCT_CALL, to | 0x1000000, EXPECT_MESSAGE);
	transfer("slot-bits", SP_PCT_CALL, to | 0xe0, EXPECT_MESSAGE);
	transfer("agent", SP_PCT_CALL, app_info()->env[0].id, EXPECT_MESSAGE);
	transfer("self", SP_PCT_CALL, self, EXPECT_MESSAGE);
	take_calls(pct_serve, pct_take);
	transfer("self-open", SP_PCT_CALL, self, EXPECT_MESSAGE);
	transfer("self-send", SP_PCT_SEND, self, EXPECT_MESSAGE);
	transfer("return", SP_PCT_RETURN, 0, EXPECT_MESSAGE);
	transfer("yield", SP_PCT_YIELD, to, EXPECT_MESSAGE);
	for (uint32_t i = 0; i <= SP_CALL_COUNT; i++)
		if (i < 4 || i == SP_CALL_COUNT)
			print("pct: call %u leaks %d k0 %u\n", i, pct_leak(i),
				leak_k0 >> 31);
}

/* Give every slice to OTHER at its start. */
static void
take_turns(const char *other)
{
	const struct sp_context c = {
		.area_va = 0x1000,
		.start_pc = entry(turn_start),
		.end_pc = entry(turn_end),
	};
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY);
	const struct sp_map m = { .va = c.area_va,
		.pfn = (uint32_t)pfn,
		.count = 1,
		.flags = SP_MAP_WRITE };

	turns = 2 * FIGURES;
	turn_request = SP_PCT(SP_PCT_YIELD, find(other));
	if (pfn < 0 || sys_map(&m) < 0 ||
		sys_context_set(APP_CAP_SELF, 0, &c) < 0)
		sys_exit(99);
	turn_start();
}

static void
figures(uint32_t to)
{
	for (int i = 0; i < FIGURES; i++) {
		(void)pct_transfer(SP_PCT(SP_PCT_CALL, to), EXPECT_REPLY);
		(void)pct_transfer(SP_PCT(SP_PCT_SEND, to), EXPECT_MESSAGE);
		(void)pct_leak(SP_CALL_null);
	}
}

/* An upcall that lasts from one frame to the next. */
static void
long_upcall(void)
{
	struct sp_ring *r = ring_get();

	if (ring_waiting(r) > 0) {
		print("pct: upcall\n");
		while (ring_waiting(r) < 2)
			(void)sys_yield(0);
		while (ring_waiting(r) > 0)
			ring_next(r);
		print("pct: upcall-ends\n");
	}
	sys_upcall_done();
}

/* An upcall that calls somebody itself. */
static uint32_t upcalls_call;

static void
calling_upcall(void)
{
	struct sp_ring *r = ring_get();

	if (ring_waiting(r) > 0) {
		while (ring_waiting(r) > 0)
			ring_next(r);
		print("pct: upcall\n");

		int changed = pct_upcall_transfer(upcalls_call, EXPECT_REPLY);

		print("pct: upcall-ends %d changed %d\n", (int)pct_result,
			changed);
	}
	sys_upcall_done();
}

/* An upcall that ends the call it has interrupted. */
static void
ending_upcall(void)
{
	while (ring_waiting(ring_get()) > 0)
		ring_next(ring_get());
	mmio_store(&served_spin, 0);
	sys_upcall_done();
}

/* Until frames come to this environment. */
static void
await_binding(void)
{
	uint32_t self = (uint32_t)sys_self();

	for (;; (void)sys_yield(0))
		for (uint32_t i = 0; i < SP_MAX_BINDINGS; i++)
			if (mmio_load(&app_info()->binding[i].id) != 0 &&
				app_info()->binding[i].owner == self)
				return;
}

/* Returns if ROLE is none of a server's. */
static void
serve(char role, const char *other)
{
	served_spin = SPINS;
	switch (role) {
	case 'S': /* serves and sleeps */
		take_calls(pct_serve, pct_take);
		for (;;)
			(void)sys_wait(SP_EVENT_CHILD);
	case 'R': /* serves and reports */
	case '1': /* the modes of pct_serve */
	case '2':
	case '3':
	case '4':
	case '5':
		served_mode = role == 'R' ? SERVE : (uint32_t)(role - '0');
		take_calls(pct_serve, pct_take);
		report();
		break;
	case 'L': /* relays */
		relay_request = SP_PCT(SP_PCT_CALL, find(other));
		take_calls(pct_relay, pct_take);
		while (mmio_load(&relay_result) == 0)
			(void)sys_yield(0);
		print("pct: relay %d\n", (int)relay_result);
		report();
		break;
	case 'V': /* serves until its upcall ends it */
		(void)sys_upcall_set(ending_upcall, &stack[124]);
		served_mode = SPIN;
		served_spin = 0x7fffffff;
		take_calls(pct_serve, pct_take);
		report();
		break;
	case 'W': /* serves for ever, and its upcalls take long */
		served_mode = FOREVER;
		/* fall through */
	case 'U': /* serves, but its upcalls take long */
		(void)sys_upcall_set(long_upcall, &stack[124]);
		take_calls(pct_serve, pct_take);
		report();
		break;
	default:
		break;
	}
}

static void
be_client(char role, const char *other)
{
	switch (role) {
	case 'u': /* calls, and its upcalls take long */
		(void)sys_upcall_set(long_upcall, &stack[124]);
		await_binding();
		print("pct: calling\n");
		call("call", other);
		break;
	case 'v': /* calls "server", its upcall OTHER */
		upcalls_call = SP_PCT(SP_PCT_CALL, find(other));
		(void)sys_upcall_set(calling_upcall, &stack[124]);
		await_binding();
		print("pct: calling\n");
		call("call", "server");
		break;
	case 'c': /* calls, twice */
		call("call", other);
		call("again", other);
		break;
	case 'B': /* calls, sends, does nothing: for tests/bench/core.py */
		figures(find(other));
		break;
	case 'Y': /* takes turns with another one like it */
		take_turns(other);
		break;
	case 'o': /* calls, once */
		call("once", other);
		break;
	case 'r': /* calls, and could be called */
		take_calls(pct_serve, pct_take);
		call("recursion", other);
		call("again", other);
		break;
	case 'b': /* likewise, once client has called */
		(void)find("client");
		for (int i = 0; i < 20; i++)
			(void)sys_yield(0);
		/* fall through */
	case 'n': /* is refused, and the message is whole */
		transfer("refused", SP_PCT_CALL, find(other), EXPECT_MESSAGE);
		transfer("refused-send", SP_PCT_SEND, find(other),
			EXPECT_MESSAGE);
		break;
	case 's': /* sends */
		transfer("send", SP_PCT_SEND, find(other), EXPECT_MESSAGE);
		transfer(
			"send-again", SP_PCT_SEND, find(other), EXPECT_MESSAGE);
		break;
	case 'k': /* its callee dies: no register is left */
		transfer("killed", SP_PCT_CALL, find(other), EXPECT_NOTHING);
		break;
	default:
		refusals(other);
	}
}

int
app_main(uint32_t a0, uint32_t a1)
{
	char role = a0 > 1 ? app_arg(a1, 1)[0] : '?';
	const char *other = a0 > 2 ? app_arg(a1, 2) : "";

	serve(role, other);
	be_client(role, other);
	print("pct: done\n");
	return 0;
}
