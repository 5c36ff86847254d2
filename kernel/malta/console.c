/*
 * console.c - polled output on the 16550 behind Malta's south bridge.
 *
 * Registers: NS16550A data sheet, table 2.
 */
#include "kernel/console.h"

#include "kernel/board.h"
#include "kernel/lib/format.h"
#include "kernel/mmio.h"

#include <spindle/bytes.h>
#include <stdarg.h>

#define UART_BASE (MALTA_ISA_IO + 0x3f8) /* COM1 */

enum {
	UART_THR = 0,         /* W: transmit holding */
	UART_LSR = 5,         /* R: line status */
	UART_TRIES = 1000000, /* a dead UART costs words, not the machine */
};
#define LSR_THRE BIT(5) /* THR can take a byte */

static void
console_putc(char c)
{
	for (int i = 0; i < UART_TRIES; i++)
		if (mmio_read8(UART_BASE + UART_LSR) & LSR_THRE)
			break;
	mmio_write8(UART_BASE + UART_THR, (uint8_t)c);
}

void
console_write(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		console_putc(s[i]);
}

void
console_puts(const char *s)
{
	for (; *s != '\0'; s++)
		console_putc(*s);
}

void
kprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_to(console_putc, fmt, ap);
	va_end(ap);
}
