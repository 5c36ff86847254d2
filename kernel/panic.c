/*
 * panic.c - the last lines a dying kernel prints.
 *
 * The first word is always "PANIC" so that a test can look for it.
 */
#include "kernel/panic.h"

#include "kernel/board.h"
#include "kernel/console.h"
#include "kernel/mips.h"

_Noreturn void
panic(const char *file, int line, const char *what)
{
	uint32_t here = (uint32_t)__builtin_return_address(0);

	irq_off();
	kprintf("PANIC %s:%d: %s\n", file, line, what);
	kprintf("  at %08x epc %08x cause %08x badvaddr %08x\n", here,
		cp0_get_epc(), cp0_get_cause(), cp0_get_badvaddr());
	board_exit(PANIC_STATUS);
}
