/*
 * i8259.h - the ISA interrupt controllers, set up once as a plain wire.
 */
#ifndef KERNEL_MALTA_I8259_H
#define KERNEL_MALTA_I8259_H

/* The one line that is let through to CPU line IP2, level triggered. */
enum { I8259_PCI_IRQ = 5 };

/*
 * Set up both controllers so that IP2 follows line I8259_PCI_IRQ.  Afterwards
 * the pair is never touched: no acknowledge, no end of interrupt.
 */
void i8259_init(void);

#endif /* KERNEL_MALTA_I8259_H */
