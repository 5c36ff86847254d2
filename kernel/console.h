/*
 * console.h - the kernel's own words: polled output on COM1.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

void console_write(const char *s, size_t n);
void console_puts(const char *s);

/* %s %c %d %u %x %08x %% only. */
void kprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* KERNEL_CONSOLE_H */
