/*
 * pci.c - PCI configuration through the GT-64120 system controller.
 *
 * The boot ROM has already placed the controller and its windows; nothing is
 * byte-swapped on a little-endian CPU.  Interrupts go on to i8259.c.
 */
#include "pci.h"

#include "../board.h"
#include "../mmio.h"

#include <stdbool.h>

/* GT-64120 data sheet, PCI internal registers: 32-bit accesses only. */
enum { GT_PCI0_CFGADDR = 0xcf8, GT_PCI0_CFGDATA = 0xcfc };
#define CFGADDR_ENABLE 0x80000000

/* Type 0 configuration header. */
enum { CFG_ID = 0x00, CFG_COMMAND = 0x04, CFG_BAR0 = 0x10 };
#define COMMAND_MEMORY 0x2
#define COMMAND_MASTER 0x4

enum { SLOTS = 32, SLOT_SHIFT = 11 };

/* PIIX4 function 0: PIRQRCA..PIRQRCD, a byte each; bit 7 set is "off". */
enum { PIIX4_PIRQRC = 0x60 };
#define PIIX4_VENDOR 0x8086
#define PIIX4_DEVICE 0x7110

static void
select_register(pci_fn_t fn, uint32_t reg)
{
	mmio_write32(MALTA_GT + GT_PCI0_CFGADDR, CFGADDR_ENABLE | fn | reg);
}

uint32_t
pci_read(pci_fn_t fn, uint32_t reg)
{
	select_register(fn, reg);
	return mmio_read32(MALTA_GT + GT_PCI0_CFGDATA);
}

void
pci_write(pci_fn_t fn, uint32_t reg, uint32_t v)
{
	select_register(fn, reg);
	mmio_write32(MALTA_GT + GT_PCI0_CFGDATA, v);
}

int
pci_find(uint16_t vendor, uint16_t device, pci_fn_t *fn)
{
	uint32_t id = (uint32_t)device << 16 | vendor;

	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (pci_read(slot << SLOT_SHIFT, CFG_ID) == id) {
			*fn = slot << SLOT_SHIFT;
			return SP_OK;
		}
	}
	return SP_ENOENT;
}

void
pci_enable_memory(pci_fn_t fn, uint32_t bar, uint32_t paddr)
{
	pci_write(fn, CFG_BAR0 + 4 * bar, paddr);
	pci_write(fn, CFG_COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
}

/* Which of PIRQA..PIRQD (0..3) a slot's INTA is wired to on the board. */
static bool
slot_pirq(uint32_t slot, uint32_t *pirq)
{
	switch (slot) {
	case 10: /* PIIX4 itself: USB */
		*pirq = 3;
		return true;
	case 11: /* the on-board PCnet */
		*pirq = 1;
		return true;
	case 12: /* sound */
		*pirq = 2;
		return true;
	case 18: /* the four connectors */
	case 19:
	case 20:
	case 21:
		*pirq = slot - 18;
		return true;
	default:
		return false;
	}
}

int
pci_route_inta(pci_fn_t fn, uint32_t irq)
{
	pci_fn_t piix4;
	uint32_t pirq, v;
	int err = pci_find(PIIX4_VENDOR, PIIX4_DEVICE, &piix4);

	if (err < 0)
		return err;
	if (!slot_pirq(fn >> SLOT_SHIFT, &pirq))
		return SP_ENOENT;
	v = pci_read(piix4, PIIX4_PIRQRC);
	v &= ~(0xffu << 8 * pirq);
	pci_write(piix4, PIIX4_PIRQRC, v | irq << 8 * pirq);
	return SP_OK;
}
