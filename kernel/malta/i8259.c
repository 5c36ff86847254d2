/*
 * i8259.c - make the two 8259A controllers transparent for one level line.
 *
 * The master raises INT while an unmasked request is pending and nothing is in
 * service.  We never acknowledge, so nothing ever is in service, and INT simply
 * follows the PCI line: it falls when the device is served.  That saves three
 * device accesses a frame.  It works because the line is the only one unmasked;
 * the UART of the control plane has a CPU line of its own.
 */
#include "i8259.h"

#include "../board.h"
#include "../mmio.h"

#include <spindle/bytes.h>
#include <stddef.h>

/* Ports (82371AB data sheet, interrupt controller registers). */
enum {
	MASTER_CMD = 0x20,
	MASTER_DATA = 0x21,
	SLAVE_CMD = 0xa0,
	SLAVE_DATA = 0xa1,
	MASTER_ELCR = 0x4d0, /* set: level triggered */
	SLAVE_ELCR = 0x4d1,
};

enum {
	ICW1_INIT = 0x11, /* cascade, ICW4 follows */
	ICW4_8086 = 0x01, /* normal end of interrupt */
	ALL_MASKED = 0xff,
	VECTOR_BASE = 0x40, /* never delivered, but must be set */
	CASCADE_LINE = 2,
};

static const struct {
	uint16_t port;
	uint8_t value;
} setup[] = {
	{ MASTER_CMD, ICW1_INIT },
	{ MASTER_DATA, VECTOR_BASE },
	{ MASTER_DATA, 1 << CASCADE_LINE },
	{ MASTER_DATA, ICW4_8086 },
	{ SLAVE_CMD, ICW1_INIT },
	{ SLAVE_DATA, VECTOR_BASE + 8 },
	{ SLAVE_DATA, CASCADE_LINE },
	{ SLAVE_DATA, ICW4_8086 },
	{ MASTER_ELCR, 1 << I8259_PCI_IRQ },
	{ SLAVE_ELCR, 0 },
	{ SLAVE_DATA, ALL_MASKED },
	{ MASTER_DATA, ALL_MASKED & ~(1 << I8259_PCI_IRQ) },
};

void
i8259_init(void)
{
	for (size_t i = 0; i < ARRAY_LEN(setup); i++)
		mmio_write8(MALTA_ISA_IO + setup[i].port, setup[i].value);
}
