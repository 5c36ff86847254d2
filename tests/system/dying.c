/*
 * dying.c - a kernel that breaks an invariant as soon as it is in C.
 *
 * Linked with the real start-up code, console, panic and power-off; test_boot.py
 * looks at what the outside sees of its death.
 */
#include "kernel/board.h"
#include "kernel/panic.h"

_Noreturn void kernel_main(uint32_t a0);

_Noreturn void
kernel_main(uint32_t a0)
{
	board_init(a0 == UINT32_MAX);
	PANIC("on purpose");
}
