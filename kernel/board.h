/*
 * board.h - Malta's addresses and how a run ends.
 */
#ifndef KERNEL_BOARD_H
#define KERNEL_BOARD_H

#include "mips.h"

#define MALTA_RAM_MAX  0x10000000 /* kseg0 reaches the first 256 MiB */
#define MALTA_ISA_IO   (KSEG1 + 0x18000000) /* PCI/ISA I/O window */
#define MALTA_GT       (KSEG1 + 0x1be00000) /* GT-64120 registers */
#define MALTA_FPGA     0x1f000000           /* board registers, CBUS UART */
#define MALTA_CBUS     (KSEG1 + 0x1f000900) /* CBUS UART, stride 8 */
#define MALTA_SOFTRES  (KSEG1 + 0x1f000500) /* user manual, SOFTRES register */
#define MALTA_ROM_TRAP 0xbfc00500 /* where user-mode sdbbp ends up (QEMU ROM) */
#define SOFTRES_GO     0x42

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

/* Remember whether a host listens to semihosting ($a0 at entry was -1). */
void board_init(bool semihosting);

/* End the machine; the status (0..255) becomes QEMU's own where possible. */
_Noreturn void board_exit(uint32_t status);
#endif

#endif /* KERNEL_BOARD_H */
