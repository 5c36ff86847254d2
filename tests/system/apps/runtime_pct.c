/*
 * runtime_pct.c - protected calls in C, as apps/lib/pct.h promises.
 *
 * Argument 1: serve (the callee) or the name of whom to call.  The caller says
 * "pct: fine", or at which line not; word 0 is what the callee is to do.  With a
 * second argument it calls for nothing, to be counted (tests/bench/core.py).
 */
#include "apps/lib/app.h"
#include "apps/lib/context.h"
#include "apps/lib/mem.h"
#include "apps/lib/pct.h"
#include "apps/lib/print.h"
#include "tests/system/apps/emit.h"

#include <spindle/bytes.h>

#define NEED(yes) need((yes), __LINE__)

enum { ROUNDS = 500, BENCH_ROUNDS = 1000 };
enum { DO_NOTHING, DO_ECHO, DO_BREAK, DO_COUNT, DO_DIE };

static struct {
	uint32_t sent, breaks, level;
} seen;

static void
need(bool yes, int line)
{
	if (yes)
		return;
	print("pct: line %d\n", line);
	sys_exit(line);
}

/* --- the callee ----------------------------------------------------------------- */

static int
skip(struct exception *x)
{
	seen.breaks++;
	seen.level = x->level;
	x->epc += 4;
	return 0;
}

static void
answer(uint32_t caller, struct pct_message *m)
{
	static struct code c;

	switch (m->word[0]) {
	case DO_NOTHING:
		break;
	case DO_ECHO:
		for (int i = 1; i < PCT_WORDS; i++)
			m->word[i] = ~m->word[i];
		m->word[0] = caller;
		break;
	case DO_BREAK:
		c.n = 0;
		emit(&c, I_BREAK);
		emit(&c, I_JR_RA);
		emit(&c, I_NOP);
		emit_run(&c);
		m->word[1] = seen.breaks;
		m->word[2] = seen.level;
		break;
	case DO_COUNT:
		m->word[1] = seen.sent;
		break;
	default:
		sys_exit(0);
	}
}

static void
take(uint32_t caller, struct pct_message *m)
{
	(void)caller;
	for (int i = 0; i < PCT_WORDS; i++)
		seen.sent += m->word[i];
}

static void
serve(void)
{
	NEED(exception_set(EXC_BREAK, skip) == SP_OK);
	NEED(pct_serve(answer, take) == SP_OK);
	print("pct: serving\n");
	for (;;)
		(void)sys_wait(SP_EVENT_CHILD);
}

/* --- the caller ----------------------------------------------------------------- */

static void
echo(uint32_t callee, int32_t (*call)(uint32_t, struct pct_message *))
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct pct_message m = { { DO_ECHO, i, i + 2, i + 3, i + 4,
			i + 5, i + 6, i + 7 } };

		NEED(call(callee, &m) == SP_OK);
		NEED(m.word[0] == (uint32_t)sys_self() && m.word[1] == ~i);
		for (uint32_t w = 2; w < PCT_WORDS; w++)
			NEED(m.word[w] == ~(i + w));
	}
}

/* pct_call() with patterns in all registers: those C may rely on are kept. */
static void
keep_registers(uint32_t callee)
{
	static struct code c;
	static struct pct_message m;
	const uint32_t *got = emit_seen();
	const uint32_t to = (uint32_t)(uintptr_t)pct_call;

	m.word[0] = DO_ECHO;
	emit_begin(&c);
	emit_load(&c, 29, LOW_OWN + 4 * 29);
	emit_li(&c, 4, callee);
	emit_li(&c, 5, sys_addr(&m));
	emit(&c, 0x0c000000u | (to >> 2 & 0x3ffffff)); /* jal */
	emit(&c, I_NOP);
	emit_end(&c);
	emit_run(&c);
	NEED(got[2] == SP_OK && m.word[0] == (uint32_t)sys_self());
	for (uint32_t r = 16; r < 24; r++)
		NEED(got[r] == emit_pattern(r));
	NEED(got[28] == emit_pattern(28) && got[30] == emit_pattern(30));
	NEED(got[29] == ((const uint32_t *)LOW_OWN)[29]);
}

static void
call_all(uint32_t callee)
{
	struct pct_message m = { { 0 } };

	NEED(callee != 0);
	NEED(pct_call(0x00ffff1f, &m) == SP_ENOENT);
	NEED(pct_call((uint32_t)sys_self(), &m) < 0);
	echo(callee, pct_call);
	echo(callee, pct_call_trusting);
	keep_registers(callee);
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		m = (struct pct_message){ { 1, 2, 3, 4, 5, 6, 7, 8 } };
		NEED(pct_send(callee, &m) == SP_OK);
		m.word[0] = DO_COUNT;
		NEED(pct_call(callee, &m) == SP_OK && m.word[1] == 36 * i);
	}
	m.word[0] = DO_BREAK;
	NEED(pct_call(callee, &m) == SP_OK);
	NEED(m.word[1] == 1 && m.word[2] == SP_CALL);
	m.word[0] = DO_DIE;
	NEED(pct_call(callee, &m) == SP_EKILLED);
	NEED(pct_call(callee, &m) == SP_ENOENT);
}

static void
call_for_nothing(
	uint32_t callee, int32_t (*call)(uint32_t, struct pct_message *))
{
	struct pct_message m = { { DO_NOTHING } };

	for (uint32_t i = 0; i < BENCH_ROUNDS; i++)
		NEED(call(callee, &m) == SP_OK);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	const char *what = a0 > 1 ? app_arg(a1, 1) : "";

	if (str_equal(what, "serve"))
		serve();
	NEED(emit_map(LOW, 1) >= 0);
	if (a0 > 2) {
		call_for_nothing(app_find(what), pct_call);
		call_for_nothing(app_find(what), pct_call_trusting);
	} else {
		call_all(app_find(what));
	}
	print("pct: fine\n");
	return 0;
}
