/*
 * attack_calls.c - protected transfers to the dead, to itself, in rings, without an
 * entry or a call to return from; callees that lie, hang, fault and change under
 * the call.
 */
#include "apps/lib/mem.h"
#include "apps/lib/pct.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/fate.h"

enum {
	CALLER = 1, /* words of the shared page: who called, says the kernel */
	TURN = 2,
	RESULT = 3,
	TARGET = 4,
};

static int32_t
transfer(uint32_t kind, uint32_t env)
{
	return sys_call((enum sp_call)SP_PCT(kind, env), 1, 2, 3, 4);
}

/* --- transfers that lead nowhere ------------------------------------------------ */

static void
bad_transfers(void)
{
	struct spawn s = fate_begin(fate_rest, 0);
	uint32_t self = (uint32_t)sys_self(), env = s.env;

	refused("call-self", SP_EINVAL, transfer(SP_PCT_CALL, self));
	refused("send-self", SP_EINVAL, transfer(SP_PCT_SEND, self));
	refused("call-nobody", SP_ENOENT, transfer(SP_PCT_CALL, 0));
	refused("send-nobody", SP_ENOENT, transfer(SP_PCT_SEND, 0));
	refused("call-beyond", SP_ENOENT, transfer(SP_PCT_CALL, 0x1fffffff));
	refused("send-beyond", SP_ENOENT, transfer(SP_PCT_SEND, 0x1fffffff));
	refused("call-slot-255", SP_ENOENT, transfer(SP_PCT_CALL, 0x1ff));
	refused("call-stale", SP_ENOENT, transfer(SP_PCT_CALL, env ^ 0x100));
	refused("call-older", SP_ENOENT, transfer(SP_PCT_CALL, env - 0x100));
	refused("call-slot-alias", SP_ENOENT,
		transfer(SP_PCT_CALL, env + SP_MAX_ENVS));
	refused("call-high-bits", SP_ENOENT,
		transfer(SP_PCT_CALL, env | 1u << 24));
	refused("call-no-entry", SP_EPERM, transfer(SP_PCT_CALL, env));
	refused("send-no-entry", SP_EPERM, transfer(SP_PCT_SEND, env));
	refused("call-agent", SP_EPERM,
		transfer(SP_PCT_CALL, app_info()->env[0].id));
	refused("return-without-call", SP_EINVAL, transfer(SP_PCT_RETURN, 0));
	refused("return-to", SP_EINVAL, transfer(SP_PCT_RETURN, env));
	refused("yield-stale", SP_ENOENT, transfer(SP_PCT_YIELD, env ^ 0x100));
	refused("yield-beyond", SP_ENOENT, transfer(SP_PCT_YIELD, 0x1fffffff));
	(void)fate_end(&s, 0);
	refused("yield-dead", SP_ENOENT, transfer(SP_PCT_YIELD, env));
	refused("call-dead", SP_ENOENT, transfer(SP_PCT_CALL, env));
	refused("send-dead", SP_ENOENT, transfer(SP_PCT_SEND, env));
	/* A child that was never started has no entries either. */
	env = (uint32_t)sys_env_create(0, "never-started-0123456789");
	refused("call-unborn", SP_EPERM, transfer(SP_PCT_CALL, env));
	(void)sys_env_kill(0, env);
}

/* --- callees ------------------------------------------------------------------------ */

enum way { ANSWERS, HANGS, FAULTS, EXITS, WAITS, CALLS_BACK, CLOSES, KILLS };

static enum way way;

static int32_t
close_entries(void)
{
	static const struct sp_context none;

	return sys_context_set(APP_CAP_SELF, 0, &none);
}

static void
serve(uint32_t caller, struct pct_message *m)
{
	struct pct_message again = { { 0 } };

	shared_set(CALLER, caller);
	switch (way) {
	case HANGS:
		fate_spin(0);
		break;
	case FAULTS:
		mmio_store((uint32_t *)(uintptr_t)KERNEL_VA, 1);
		break;
	case EXITS:
		sys_exit(3);
	case WAITS:
		shared_set(RESULT, (uint32_t)sys_wait(SP_EVENT_CHILD));
		break;
	case CALLS_BACK:
		shared_set(RESULT, (uint32_t)pct_call(caller, &again));
		break;
	case CLOSES:
		shared_set(RESULT, (uint32_t)close_entries());
		break;
	case KILLS:
		shared_set(RESULT, (uint32_t)sys_env_kill(0, caller));
		break;
	case ANSWERS:
		break;
	}
	m->word[0] += 1;
}

static int
server(uint32_t how)
{
	way = (enum way)how;
	if (pct_serve(serve, serve) < 0)
		return 91;
	return fate_rest(0);
}

/* A server of ours that is ready. */
static struct spawn
serving(enum way how)
{
	struct spawn s = fate_begin(server, how);

	attempt_holds("server", fate_until_state(&s, SP_ENV_WAITING, 100));
	return s;
}

/* It may still be at what was sent. */
static int32_t
call_patiently(uint32_t env)
{
	struct pct_message m = { { 0 } };
	int32_t code = SP_EBUSY;

	for (uint32_t n = 0; n < 1000 && code == SP_EBUSY; n++) {
		(void)sys_yield(env);
		code = pct_call(env, &m);
	}
	return code;
}

static void
callees(void)
{
	struct pct_message m = { { 41 } };
	uint32_t self = (uint32_t)sys_self(), sent = 0;
	struct spawn s = serving(ANSWERS);

	attempt_holds("answers", pct_call(s.env, &m) == SP_OK &&
					 m.word[0] == 42 &&
					 shared_get(CALLER) == self);
	attempt_holds("sends", pct_send(s.env, &m) == SP_OK);
	for (uint32_t i = 0; i < 200; i++)
		sent += pct_send(s.env, &m) == SP_OK;
	attempt_holds("flood", sent > 0 && call_patiently(s.env) == SP_OK);
	(void)fate_end(&s, 0);
	s = serving(FAULTS);
	attempt_holds("faults", pct_call(s.env, &m) == SP_EKILLED);
	attempt_holds("faulted", fate_end(&s, 10) == -5);
	s = serving(EXITS);
	attempt_holds("exits", pct_call(s.env, &m) == SP_EKILLED);
	attempt_holds("exited", fate_end(&s, 10) == 3);
	s = serving(WAITS);
	attempt_holds(
		"waits", pct_call(s.env, &m) == SP_OK &&
				 (int32_t)shared_get(RESULT) == SP_EINVAL);
	(void)fate_end(&s, 0);
	s = serving(KILLS);
	attempt_holds("kills", pct_call(s.env, &m) == SP_OK &&
				       (int32_t)shared_get(RESULT) == SP_EPERM);
	(void)fate_end(&s, 0);
	s = serving(CALLS_BACK);
	attempt_holds(
		"calls-back", pct_call(s.env, &m) == SP_OK &&
				      (int32_t)shared_get(RESULT) == SP_EPERM);
	(void)fate_end(&s, 0);
	s = serving(CLOSES); /* the area is in use, and so are the entries */
	attempt_holds(
		"closes", pct_call(s.env, &m) == SP_OK &&
				  (int32_t)shared_get(RESULT) == SP_EBUSY);
	(void)fate_end(&s, 0);
}

/* --- callers --------------------------------------------------------------------------- */

static int
calls(uint32_t env)
{
	struct pct_message m = { { 1 } };

	shared_set(TURN, 1);
	shared_set(RESULT, (uint32_t)pct_call(env, &m));
	return 92;
}

/* A caller that is killed while its callee runs in its slices; a callee that is. */
static void
hanging_calls(void)
{
	struct spawn to = serving(HANGS), by;
	struct pct_message m = { { 1 } };

	by = fate_begin(calls, to.env);
	attempt_holds("calls-hanging", fate_until(&by, TURN, 1, 100));
	attempt_holds("hangs", fate_until(&by, RESULT, 1, 5) == 0);
	refused("call-busy", SP_EBUSY, transfer(SP_PCT_CALL, to.env));
	refused("send-busy", SP_EBUSY, transfer(SP_PCT_SEND, to.env));
	attempt_holds("caller-killed", fate_end(&by, 0) == FATE_LIVES);
	refused("call-orphan", SP_EBUSY, transfer(SP_PCT_CALL, to.env));
	attempt_holds("orphan-killed", fate_end(&to, 0) == FATE_LIVES);

	to = serving(HANGS);
	by = fate_begin(calls, to.env);
	(void)fate_until(&by, TURN, 1, 100);
	(void)fate_until(&by, RESULT, 1, 5);
	refused("kill-callee", 0, sys_env_kill(0, to.env));
	attempt_holds("caller-told",
		fate_end(&by, 100) == 92 &&
			(int32_t)shared_get(RESULT) == SP_EKILLED);
	(void)fate_end(&to, 0);
	to = serving(ANSWERS);
	attempt_holds("next-server", pct_call(to.env, &m) == SP_OK);
	(void)fate_end(&to, 0);
}

/* --- rings of calls ---------------------------------------------------------------------- */

/* What it is called with it calls on, to whom TARGET + its number says. */
static uint32_t number;

static void
relay(uint32_t caller, struct pct_message *m)
{
	int32_t code;

	(void)caller;
	code = pct_call(shared_get(TARGET + number), m);
	if (code < 0)
		shared_set(RESULT, (uint32_t)code);
}

static int
relays(uint32_t n)
{
	number = n;
	if (pct_serve(relay, NULL) < 0)
		return 93;
	return fate_rest(0);
}

static struct spawn
relaying(uint32_t n)
{
	uint32_t keep[3];
	struct spawn s;

	for (uint32_t i = 0; i < 3; i++)
		keep[i] = shared_get(TARGET + i);
	s = fate_begin(relays, n);
	for (uint32_t i = 0; i < 3; i++)
		shared_set(TARGET + i, keep[i]);
	attempt_holds("relay", fate_until_state(&s, SP_ENV_WAITING, 100));
	return s;
}

static void
rings_of_calls(void)
{
	struct spawn s[3];
	struct pct_message m = { { 1 } };

	for (uint32_t i = 0; i < 3; i++)
		s[i] = relaying(i);
	for (uint32_t i = 0; i < 3; i++)
		shared_set(TARGET + i, s[(i + 1) % 3].env);
	attempt_holds("ring", pct_call(s[0].env, &m) == SP_OK &&
				      (int32_t)shared_get(RESULT) == SP_EBUSY);
	shared_set(TARGET + 2, (uint32_t)sys_self());
	shared_set(RESULT, 0);
	attempt_holds("ring-with-us",
		pct_call(s[0].env, &m) == SP_OK &&
			(int32_t)shared_get(RESULT) == SP_EPERM);
	shared_set(TARGET + 2, s[2].env);
	attempt_holds("ring-of-one",
		pct_call(s[0].env, &m) == SP_OK &&
			(int32_t)shared_get(RESULT) == SP_EINVAL);
	(void)fate_end(&s[1], 0);
	shared_set(RESULT, 0);
	attempt_holds("chain-broken",
		pct_call(s[0].env, &m) == SP_OK &&
			(int32_t)shared_get(RESULT) == SP_ENOENT);
	(void)fate_end(&s[2], 0);
	(void)fate_end(&s[0], 0);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	bad_transfers();
	callees();
	hanging_calls();
	rings_of_calls();
	attempt_done();
	return 0;
}
