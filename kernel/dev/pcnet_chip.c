/*
 * pcnet_chip.c - find, reset and initialise the PCnet; read its slow registers.
 *
 * Nothing here is on a frame's way; that is pcnet.c.
 */
#include "pcnet_chip.h"

#include "../mips.h"

#include "../malta/i8259.h"
#include "../malta/pci.h"

#define PCN_VENDOR 0x1022
#define PCN_DEVICE 0x2000

/* Where we put its registers: the start of PCI memory window 0. */
#define PCN_PADDR 0x10000000u
enum { PCN_BAR_MEMORY = 1 };

/* Register map after reset (16 bits) and after the switch to 32 bits. */
enum { WIO_RESET = 0x14, DWIO_RDP = 0x10, DWIO_RAP = 0x14, DWIO_RESET = 0x18 };
enum { DWIO_BDP = 0x1c };

enum { CSR_BLOCK_LOW = 1, CSR_BLOCK_HIGH = 2, CSR_MASKS = 3, CSR_FEATURES = 4 };
enum { CSR_MISSED = 112 };
enum { BCR_LINK = 4, BCR_STYLE = 20, STYLE_PCI32 = 2 };

/* CSR3: set bits do not interrupt; frames received and memory errors do. */
#define MASKS (CSR0_BABL | CSR0_MISS | CSR0_TINT | CSR0_IDON)

/* CSR4: DPOLL (only TDMD makes it look), pad, no miscellaneous interrupts. */
#define FEATURES 0x1915u

#define LINK_UP BIT(15) /* BCR4: the LED output, set to "link" at reset */

enum { INIT_TRIES = 10000 };

static void
csr_write(uintptr_t base, uint32_t csr, uint32_t v)
{
	mmio_write32(base + DWIO_RAP, csr);
	mmio_write32(base + DWIO_RDP, v);
	mmio_write32(base + DWIO_RAP, 0);
}

int
pcn_chip_find(uintptr_t *base)
{
	pci_fn_t fn;
	int err = pci_find(PCN_VENDOR, PCN_DEVICE, &fn);

	if (err < 0)
		return err;
	err = pci_route_inta(fn, I8259_PCI_IRQ);
	if (err < 0)
		return err;
	pci_enable_memory(fn, PCN_BAR_MEMORY, PCN_PADDR);
	*base = KSEG1 + PCN_PADDR;
	return SP_OK;
}

void
pcn_chip_reset(uintptr_t base, uint8_t mac[6])
{
	/* The reset register sits elsewhere in each map: read both places. */
	(void)mmio_read32(base + DWIO_RESET);
	(void)mmio_read16(base + WIO_RESET);
	for (uintptr_t i = 0; i < 6; i++)
		mac[i] = mmio_read8(base + i);
	/* A 32-bit write selects the 32-bit map until the next reset. */
	mmio_write32(base + DWIO_RDP, 0);
	mmio_write32(base + DWIO_RAP, BCR_STYLE);
	mmio_write32(base + DWIO_BDP, STYLE_PCI32);
	mmio_write32(base + DWIO_RAP, 0);
}

int
pcn_chip_load(uintptr_t base, uint32_t block_paddr)
{
	csr_write(base, CSR_BLOCK_LOW, block_paddr & 0xffff);
	csr_write(base, CSR_BLOCK_HIGH, block_paddr >> 16);
	csr_write(base, CSR_MASKS, MASKS);
	csr_write(base, CSR_FEATURES, FEATURES);
	csr0_write(base, CSR0_INIT);
	for (uint32_t tries = 0; tries < INIT_TRIES; tries++) {
		if ((csr0_read(base) & CSR0_IDON) != 0) {
			csr0_write(base, CSR0_IDON);
			return SP_OK;
		}
	}
	return SP_ETIME;
}

uint32_t
pcn_chip_missed(uintptr_t base)
{
	uint32_t n;

	mmio_write32(base + DWIO_RAP, CSR_MISSED);
	n = mmio_read32(base + DWIO_RDP) & 0xffff;
	mmio_write32(base + DWIO_RAP, 0);
	return n;
}

bool
pcn_chip_link(uintptr_t base)
{
	uint32_t v;

	mmio_write32(base + DWIO_RAP, BCR_LINK);
	v = mmio_read32(base + DWIO_BDP);
	mmio_write32(base + DWIO_RAP, 0);
	return (v & LINK_UP) != 0;
}
