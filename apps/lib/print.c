/*
 * print.c - formatted text to the console, through the capability in slot 0.
 */
#include "print.h"

#include "syscall.h"

void
print(const char *fmt, ...)
{
	char line[160];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = format_args(line, sizeof(line), fmt, ap);
	va_end(ap);
	(void)sys_console(0, line, n);
}
