/*
 * uart.h - the CBUS UART (16550), the agent's way to the host.
 */
#ifndef APPS_AGENT_UART_H
#define APPS_AGENT_UART_H

#include <spindle/err.h>
#include <stddef.h>
#include <stdint.h>

enum { UART_IRQ = 4 }; /* CPU interrupt line */

/* Map the registers, switch the FIFO and the receive interrupt on.  Returns
 * SP_OK or what the kernel says to the mapping. */
int uart_open(void) SP_MUST_CHECK;

/* The next byte that has arrived, or -1. */
int uart_read(void);

/* The same for a byte that is expected: wait for it, but not for long.  To sleep
 * and be woken takes longer than most of them. */
int uart_expect(void);

/*
 * Send N bytes.  A host that does not read for long loses the rest: it will see
 * a bad checksum and ask again.
 */
void uart_write(const uint8_t *p, size_t n);

/* Wait, not for ever, until everything has left. */
void uart_flush(void);

#endif /* APPS_AGENT_UART_H */
