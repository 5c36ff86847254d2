/*
 * runtime_slices.c - ends and starts of slices in C, as apps/lib/slice.h
 * promises: says "NAME: N slices kept" when no register was lost.
 *
 * Argument 1: how many ends of slices to see.
 */
#include "apps/lib/app.h"
#include "apps/lib/context.h"
#include "apps/lib/mem.h"
#include "apps/lib/print.h"
#include "apps/lib/slice.h"
#include "tests/system/apps/emit.h"

#include <spindle/bytes.h>

#define NEED(yes) need((yes), __LINE__)

enum { SPINS = 200000, REG_SPINS = 2 };

static struct {
	uint32_t ends, starts;
} seen;

static void
need(bool yes, int line)
{
	if (yes)
		return;
	print("slices: line %d\n", line);
	sys_exit(line);
}

static void
at_end(void)
{
	seen.ends++;
}

static void
at_start(void)
{
	seen.starts++;
}

static int
skip(struct exception *x)
{
	x->epc += 4;
	return 0;
}

/* Patterns in all registers but one, which counts down. */
static void
emit_spin(struct code *c)
{
	emit_begin(c);
	emit_li(c, REG_SPINS, SPINS);
	emit(c, 0x2400ffffu | REG_SPINS << 21 | REG_SPINS << 16); /* addiu -1 */
	emit(c, 0x1400fffeu | REG_SPINS << 21); /* bnez, back to it */
	emit(c, I_NOP);
	emit_li(c, REG_SPINS, emit_pattern(REG_SPINS));
	emit_end(c);
}

/* The same, and every round goes through an exception. */
static void
emit_break(struct code *c)
{
	emit_begin(c);
	for (uint32_t i = 0; i < 16; i++)
		emit(c, I_BREAK);
	emit_end(c);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	static struct code spin, breaks;
	const char *text = a0 > 1 ? app_arg(a1, 1) : "20";
	uint32_t wanted = 0;

	while (*text >= '0' && *text <= '9')
		wanted = wanted * 10 + (uint32_t)(*text++ - '0');
	NEED(emit_map(LOW, 1) >= 0);
	NEED(exception_set(EXC_BREAK, skip) == SP_OK);
	NEED(slice_open(at_end, at_start) == SP_OK);
	emit_spin(&spin);
	emit_break(&breaks);
	while (seen.ends < wanted) {
		emit_run(&spin);
		NEED(emit_wrong(emit_seen()) == 0);
		for (int i = 0; i < 1000; i++) {
			emit_run(&breaks);
			NEED(emit_wrong(emit_seen()) == 0);
		}
		NEED(slice_yield(0) == SP_OK);
	}
	NEED(slice_yield(0xffffff) == SP_ENOENT);
	NEED(seen.starts >= seen.ends);
	NEED(slice_close() == SP_OK);
	emit_run(&spin);
	NEED(slice_yield(0) == SP_OK && emit_wrong(emit_seen()) == 0);
	print("%s: %u slices kept\n", app_arg(a1, 0), seen.ends);
	return 0;
}
