/*
 * pci.h - find a PCI device on Malta and give it an address and an interrupt.
 *
 * Bus 0 only: the board has no bridges.  Used at boot, never afterwards.
 */
#ifndef KERNEL_MALTA_PCI_H
#define KERNEL_MALTA_PCI_H

#include <spindle/err.h>
#include <stdint.h>

/* A function on bus 0, as configuration addresses spell it. */
typedef uint32_t pci_fn_t;

/* Find the first function with these ids.  Returns SP_OK or SP_ENOENT. */
int pci_find(uint16_t vendor, uint16_t device, pci_fn_t *fn) SP_MUST_CHECK;

/* Configuration space, 32 bits at a time; REG is a multiple of 4. */
uint32_t pci_read(pci_fn_t fn, uint32_t reg);
void pci_write(pci_fn_t fn, uint32_t reg, uint32_t v);

/* Put memory BAR n at PADDR; let the device answer there and be bus master. */
void pci_enable_memory(pci_fn_t fn, uint32_t bar, uint32_t paddr);

/*
 * Connect the device's INTA to ISA interrupt IRQ.  Returns SP_OK, or SP_ENOENT
 * when the slot is not one of the board's or the PIIX4 is missing.
 */
int pci_route_inta(pci_fn_t fn, uint32_t irq) SP_MUST_CHECK;

#endif /* KERNEL_MALTA_PCI_H */
