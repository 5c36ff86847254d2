/*
 * pcnet_chip.h - the PCnet's registers; private to kernel/dev.
 *
 * CSR and BCR are reached through an index register (RAP).  It is 0 at all
 * times outside pcnet_chip.c, so that CSR0 is one store away.
 */
#ifndef KERNEL_DEV_PCNET_CHIP_H
#define KERNEL_DEV_PCNET_CHIP_H

#include "../mmio.h"

#include <spindle/bytes.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

/* CSR0 - controller status and control (Am79C970A data sheet, CSR0). */
#define CSR0_INIT BIT(0)
#define CSR0_STRT BIT(1)
#define CSR0_STOP BIT(2)
#define CSR0_TDMD BIT(3) /* look at the transmit ring now */
#define CSR0_TXON BIT(4)
#define CSR0_RXON BIT(5)
#define CSR0_IENA BIT(6) /* every write sets it anew */
#define CSR0_IDON BIT(8) /* from here on: write 1 to clear */
#define CSR0_TINT BIT(9)
#define CSR0_RINT BIT(10)
#define CSR0_MERR BIT(11) /* the chip could not reach memory */
#define CSR0_MISS BIT(12)
#define CSR0_CERR BIT(13)
#define CSR0_BABL BIT(14)

/* Software style 2: 32-bit descriptors of 16 bytes (BCR20). */
struct pcn_desc {
	uint32_t addr;   /* physical address of the buffer */
	uint32_t flags;  /* DESC_* and minus the number of bytes */
	uint32_t status; /* receive: MCNT; transmit: error bits */
	/*
	 * Ours, the chip does not touch it.  Receive: the frame's address.
	 * Transmit: physical address of the slot to take back and, in the low
	 * 12 bits, how much of it was in use; 0 when it is not a slot.
	 */
	uint32_t slot;
};
_Static_assert(sizeof(struct pcn_desc) == 16, "PCnet software style 2");

/* Flags of either kind. */
#define DESC_OWN  BIT(31) /* the chip's */
#define DESC_ERR  BIT(30)
#define DESC_STP  BIT(25) /* first of a frame */
#define DESC_ENP  BIT(24) /* last of a frame */
#define DESC_ONES 0xf000u /* must be set */

/* Flags of N bytes, 1 <= N <= 4095: ones and the 12-bit negative count. */
#define DESC_BYTES(n) (DESC_ONES + 0x1000u - (n))
#define DESC_COUNT(f) (0x1000u - ((f)&0xfffu))
#define DESC_RX_MCNT  0xfffu  /* status: bytes received, FCS included */
#define DESC_TX_UFLO  BIT(30) /* status: the chip stopped transmitting */

/* What the chip reads when it is initialised (data sheet, SSIZE32 = 1). */
struct pcn_init_block {
	uint32_t mode_lens; /* mode, RLEN and TLEN as log2 */
	uint8_t mac[6];
	uint16_t zero;
	uint32_t multicast[2]; /* hash bits accepted */
	uint32_t rx_ring, tx_ring;
};
_Static_assert(sizeof(struct pcn_init_block) == 28, "32-bit init block");

#define INIT_PROMISCUOUS 0x8000u
#define INIT_RLEN(log2)  ((log2) << 20)
#define INIT_TLEN(log2)  ((log2) << 28)

/* Find the chip, place it, connect its interrupt; *BASE is its kseg1 address.
 * Returns SP_OK or SP_ENOENT. */
int pcn_chip_find(uintptr_t *base) SP_MUST_CHECK;

/* Reset, whatever it was doing; read its address; 32-bit accesses from now. */
void pcn_chip_reset(uintptr_t base, uint8_t mac[6]);

/* Load the init block.  Returns SP_OK, or SP_ETIME if it never says done. */
int pcn_chip_load(uintptr_t base, uint32_t block_paddr) SP_MUST_CHECK;

/* 16-bit count of frames that found no descriptor since the last reset. */
uint32_t pcn_chip_missed(uintptr_t base);
bool pcn_chip_link(uintptr_t base);

/* CSR0; RDP lies at +0x10 in the 32-bit register map. */
static inline void
csr0_write(uintptr_t base, uint32_t v)
{
	mmio_write32(base + 0x10, v);
}

static inline uint32_t
csr0_read(uintptr_t base)
{
	return mmio_read32(base + 0x10);
}

#endif /* KERNEL_DEV_PCNET_CHIP_H */
