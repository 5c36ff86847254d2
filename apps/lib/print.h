/*
 * print.h - formatted text, to a buffer or to the console.
 *
 * Knows %s %c %u %d %x %%, a width and leading zeros (%08x); %.Ns is not known.
 */
#ifndef APPS_LIB_PRINT_H
#define APPS_LIB_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * format - write to OUT, at most ROOM bytes with the NUL, which is always
 * written when ROOM > 0.  Returns the length of what was written.
 */
size_t format(char *out, size_t room, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
size_t format_args(char *out, size_t room, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/* Write to the console, one system call; longer than 160 bytes is cut off. */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* APPS_LIB_PRINT_H */
