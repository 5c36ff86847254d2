/*
 * console.c - polled output on the 16550 behind Malta's south bridge.
 *
 * Registers: NS16550A data sheet, table 2.
 */
#include "kernel/console.h"

#include "kernel/board.h"
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

/* Print V in BASE, at least WIDTH digits, filled with zeros. */
static void
print_number(uint32_t v, uint32_t base, int width)
{
	char digits[32];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0);
	while (n < width)
		digits[n++] = '0';
	while (n > 0)
		console_putc(digits[--n]);
}

static void
print_signed(int32_t v)
{
	if (v < 0)
		console_putc('-');
	print_number(v < 0 ? 0u - (uint32_t)v : (uint32_t)v, 10, 1);
}

void
kprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++) {
		int width = 1;

		if (*fmt != '%') {
			console_putc(*fmt);
			continue;
		}
		fmt++;
		if (fmt[0] == '0' && fmt[1] == '8') {
			width = 8;
			fmt += 2;
		}
		switch (*fmt) {
		case 's':
			console_puts(va_arg(ap, const char *));
			break;
		case 'c':
			console_putc((char)va_arg(ap, int));
			break;
		case 'd':
			print_signed(va_arg(ap, int32_t));
			break;
		case 'u':
			print_number(va_arg(ap, uint32_t), 10, width);
			break;
		case 'x':
			print_number(va_arg(ap, uint32_t), 16, width);
			break;
		default:
			console_putc(*fmt);
			break;
		}
	}
	va_end(ap);
}
