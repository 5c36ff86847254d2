/*
 * runtime.c - exception handlers in C, as apps/lib/context.h promises.
 *
 * Argument 1: all (says "runtime: fine" or at which line not), or how to die
 * although there is a handler: refuse, deep.
 */
#include "apps/lib/app.h"
#include "apps/lib/context.h"
#include "apps/lib/mem.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "tests/system/apps/emit.h"

#include <spindle/bytes.h>

#include <stddef.h>

#define PAGED     0x20000000 /* nothing is mapped here but on demand */
#define NEED(yes) need((yes), __LINE__)

enum { PAGES = 20, LESS = 7 };
enum { I_LW = 0x8c820000, I_SW = 0xac850000 }; /* $v0, $a1 at ($a0) */

static struct {
	uint32_t count, code, badvaddr, level, wrong;
	bool in_slot;
} seen;

static void
need(bool yes, int line)
{
	if (yes)
		return;
	print("runtime: line %d\n", line);
	sys_exit(line);
}

static void
look(const struct exception *x)
{
	seen.count++;
	seen.code = exception_code(x);
	seen.badvaddr = x->badvaddr;
	seen.level = x->level;
	seen.in_slot = exception_in_slot(x);
}

static int
skip(struct exception *x)
{
	look(x);
	x->epc += 4;
	return 0;
}

/* The registers as they were, then one changed. */
static int
change_one(struct exception *x)
{
	look(x);
	seen.wrong = emit_wrong((const uint32_t *)x);
	x->reg[4] += LESS;
	x->hi += LESS;
	x->epc += 4;
	return 0;
}

static void
registers(void)
{
	static struct code c;
	static uint32_t got[R_COUNT];

	NEED(exception_set(EXC_BREAK, change_one) == SP_OK);
	emit_begin(&c);
	emit(&c, I_BREAK);
	emit_end(&c);
	for (uint32_t i = 1; i <= 1000; i++) {
		seen.wrong = R_COUNT;
		emit_run(&c);
		NEED(seen.wrong == 0);
		memcpy(got, emit_seen(), sizeof(got));
		got[4] -= LESS;
		got[R_HI] -= LESS;
		NEED(emit_wrong(got) == 0);
		NEED(seen.count == i && seen.level == SP_MAIN);
	}
}

/* Run WORD, then return; the result is what $v0 holds. */
static uint32_t
run(uint32_t word, uint32_t a, uint32_t b)
{
	static struct code c;

	c.n = 0;
	emit(&c, word);
	emit(&c, I_JR_RA);
	emit(&c, I_NOP);
	sys_sync_code(c.word, 12);
	return ((uint32_t(*)(uint32_t, uint32_t))(uintptr_t)c.word)(a, b);
}

static int
saturate(struct exception *x)
{
	x->reg[2] = 0x7fffffff;
	return skip(x);
}

static void
instructions(void)
{
	static const struct {
		uint32_t word, code;
	} way[] = {
		{ 0x0000000d, EXC_BREAK },
		{ 0x00000034, EXC_TRAP }, /* teq $0, $0 */
		{ 0xffffffff, EXC_RI },
		{ 0x40026000, EXC_CPU }, /* mfc0 $v0, Status */
		{ 0x00851020, EXC_OV },  /* add $v0, $a0, $a1 */
	};

	for (size_t i = 0; i < ARRAY_LEN(way); i++) {
		NEED(exception_set(way[i].code, saturate) == SP_OK);
		seen.count = 0;
		NEED(run(way[i].word, 0x7fffffff, 1) == 0x7fffffff);
		NEED(seen.count == 1 && seen.code == way[i].code);
		NEED(exception_set(way[i].code, NULL) == SP_OK);
	}
}

/* lw from an odd address. */
static int
load_bytes(struct exception *x)
{
	uint32_t word = mmio_load((const uint32_t *)(uintptr_t)x->epc);
	const uint8_t *p = (const uint8_t *)(uintptr_t)x->badvaddr;

	if (word >> 26 != 0x23)
		return SP_EUNSUPPORTED;
	x->reg[word >> 16 & 31] = le32_get(p);
	return skip(x);
}

static void
addresses(void)
{
	static uint8_t bytes[8]
		__attribute__((aligned(4))) = { 1, 2, 3, 4, 5, 6, 7, 8 };
	uint32_t at = sys_addr(bytes);

	NEED(exception_set(EXC_ADEL, load_bytes) == SP_OK);
	NEED(run(I_LW, at + 1, 0) == 0x05040302);
	NEED(seen.code == EXC_ADEL && seen.badvaddr == at + 1);
	NEED(exception_set(EXC_ADES, skip) == SP_OK);
	(void)run(I_SW, 0x80100000u, 1);
	NEED(seen.code == EXC_ADES && seen.badvaddr == 0x80100000u);
	NEED(exception_set(EXC_MOD, skip) == SP_OK);
	(void)run(I_SW, SP_USER_BASE, 1);
	NEED(seen.code == EXC_MOD && seen.badvaddr == SP_USER_BASE);
}

static int
page_in(struct exception *x)
{
	look(x);
	if (x->badvaddr - PAGED >= PAGES * SP_PAGE)
		return SP_EFAULT;
	return emit_map(x->badvaddr & ~(SP_PAGE - 1u), 1);
}

static void
paging(void)
{
	NEED(exception_set_fault(page_in) == SP_OK);
	seen.count = 0;
	for (uint32_t i = 0; i < PAGES - 1; i++) {
		uint32_t at = PAGED + i * SP_PAGE + 4 * i;

		NEED(run(I_LW, at, 0) == 0);
		(void)run(I_SW, at, i + 1);
	}
	for (uint32_t i = 0; i < PAGES - 1; i++)
		NEED(mmio_load(
			     (const uint32_t *)(uintptr_t)(PAGED + i * SP_PAGE +
							   4 * i)) == i + 1);
	NEED(seen.count == PAGES - 1);
}

/* A handler that faults itself. */
static int
fault_within(struct exception *x)
{
	mmio_store((uint32_t *)(PAGED + (PAGES - 1) * SP_PAGE), 1);
	x->epc += 4;
	return 0;
}

static void
nesting(void)
{
	NEED(exception_set(EXC_BREAK, fault_within) == SP_OK);
	seen.count = 0;
	(void)run(I_BREAK, 0, 0);
	NEED(seen.count == 1 && seen.code == EXC_TLBS);
}

static int
refuse(struct exception *x)
{
	(void)x;
	return SP_EUNSUPPORTED;
}

static int
once_more(struct exception *x)
{
	(void)x;
	return (int)run(I_BREAK, 0, 0);
}

static void
all(void)
{
	NEED(exception_set(99, skip) == SP_EINVAL);
	NEED(emit_map(LOW, 1) >= 0);
	registers();
	instructions();
	addresses();
	paging();
	nesting();
}

int
app_main(uint32_t a0, uint32_t a1)
{
	const char *what = a0 > 1 ? app_arg(a1, 1) : "";

	if (str_equal(what, "refuse")) {
		NEED(exception_set(EXC_ADEL, refuse) == SP_OK);
		(void)mmio_load((const uint32_t *)(SP_USER_BASE + a0));
	}
	if (str_equal(what, "deep")) {
		NEED(exception_set(EXC_BREAK, once_more) == SP_OK);
		(void)run(I_BREAK, 0, 0);
	}
	all();
	print("runtime: fine\n");
	return 0;
}
