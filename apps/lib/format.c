/*
 * format.c - formatted text into a buffer; never writes past ROOM.
 */
#include "print.h"

#include <stdbool.h>
#include <stdint.h>

struct out {
	char *at;
	size_t room; /* bytes left, the NUL's included */
	size_t len;
};

static void
put(struct out *o, char c)
{
	if (o->room <= 1)
		return;
	o->at[o->len++] = c;
	o->room--;
}

static void
put_string(struct out *o, const char *s)
{
	while (*s != '\0')
		put(o, *s++);
}

/* How a number is written. */
struct style {
	uint32_t base, width;
	char fill;
	bool negative;
};

static void
put_number(struct out *o, uint32_t v, const struct style *style)
{
	char digits[10];
	uint32_t n = 0, shown;

	do {
		digits[n++] = "0123456789abcdef"[v % style->base];
		v /= style->base;
	} while (v > 0);
	shown = n + style->negative;
	if (style->negative && style->fill == '0')
		put(o, '-');
	for (; shown < style->width; shown++)
		put(o, style->fill);
	if (style->negative && style->fill != '0')
		put(o, '-');
	while (n > 0)
		put(o, digits[--n]);
}

static void
put_signed(struct out *o, int32_t v, struct style *style)
{
	style->negative = v < 0;
	put_number(o, v < 0 ? 0 - (uint32_t)v : (uint32_t)v, style);
}

/* One conversion; FMT points behind the '%'.  Returns what follows it. */
static const char *
convert(struct out *o, const char *fmt, va_list *ap)
{
	struct style style = { .base = 10, .fill = *fmt == '0' ? '0' : ' ' };

	while (*fmt >= '0' && *fmt <= '9' && style.width < 100)
		style.width = style.width * 10 + (uint32_t)(*fmt++ - '0');
	switch (*fmt) {
	case 's':
		put_string(o, va_arg(*ap, const char *));
		break;
	case 'c':
		put(o, (char)va_arg(*ap, int));
		break;
	case 'u':
		put_number(o, va_arg(*ap, uint32_t), &style);
		break;
	case 'x':
		style.base = 16;
		put_number(o, va_arg(*ap, uint32_t), &style);
		break;
	case 'd':
		put_signed(o, va_arg(*ap, int32_t), &style);
		break;
	case '\0':
		return fmt;
	default:
		put(o, *fmt);
	}
	return fmt + 1;
}

size_t
format_args(char *out, size_t room, const char *fmt, va_list ap)
{
	struct out o = { out, room, 0 };
	va_list args;

	if (room == 0)
		return 0;
	va_copy(args, ap);
	while (*fmt != '\0') {
		if (*fmt == '%')
			fmt = convert(&o, fmt + 1, &args);
		else
			put(&o, *fmt++);
	}
	va_end(args);
	out[o.len] = '\0';
	return o.len;
}

size_t
format(char *out, size_t room, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = format_args(out, room, fmt, ap);
	va_end(ap);
	return n;
}
