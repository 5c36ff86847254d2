/*
 * board.c - how a run ends: with a status if somebody listens, else by reset.
 */
#include "kernel/board.h"

#include "kernel/mmio.h"

#define UHI_EXIT 1 /* MIPS UHI manual: end with the status in $a0 */

static bool has_semihosting;

void
board_init(bool semihosting)
{
	has_semihosting = semihosting;
}

_Noreturn void
board_exit(uint32_t status)
{
	irq_off();
	if (has_semihosting)
		uhi_call(UHI_EXIT, status);
	mmio_write32(MALTA_SOFTRES, SOFTRES_GO);
	for (;;)
		;
}
