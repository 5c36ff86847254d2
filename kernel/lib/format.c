/*
 * format.c - the few conversions that the console and the audit need.
 */
#include "kernel/lib/format.h"

#include <stdint.h>

typedef void (*put_t)(char c);

static void
put_string(put_t put, const char *s)
{
	for (; *s != '\0'; s++)
		put(*s);
}

/* V in BASE, at least WIDTH digits, filled with zeros. */
static void
put_number(put_t put, uint32_t v, uint32_t base, int width)
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
		put(digits[--n]);
}

static void
put_signed(put_t put, int32_t v)
{
	if (v < 0)
		put('-');
	put_number(put, v < 0 ? 0u - (uint32_t)v : (uint32_t)v, 10, 1);
}

void
format_to(put_t put, const char *fmt, va_list ap)
{
	for (; *fmt != '\0'; fmt++) {
		int width = 1;

		if (*fmt != '%') {
			put(*fmt);
			continue;
		}
		fmt++;
		if (fmt[0] == '0' && fmt[1] == '8') {
			width = 8;
			fmt += 2;
		}
		switch (*fmt) {
		case 's':
			put_string(put, va_arg(ap, const char *));
			break;
		case 'c':
			put((char)va_arg(ap, int));
			break;
		case 'd':
			put_signed(put, va_arg(ap, int32_t));
			break;
		case 'u':
			put_number(put, va_arg(ap, uint32_t), 10, width);
			break;
		case 'x':
			put_number(put, va_arg(ap, uint32_t), 16, width);
			break;
		default:
			put(*fmt);
			break;
		}
	}
}
