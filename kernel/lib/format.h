/*
 * format.h - formatted text, a character at a time.
 */
#ifndef KERNEL_LIB_FORMAT_H
#define KERNEL_LIB_FORMAT_H

#include <stdarg.h>

/* Give each character to PUT.  Knows %s %c %d %u %x %08x %% only. */
void format_to(void (*put)(char c), const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

#endif /* KERNEL_LIB_FORMAT_H */
