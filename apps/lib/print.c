/*
 * print.c - formatted text to the console, through the capability given for it.
 */
#include "print.h"

#include "layout.h"
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
	(void)sys_console(APP_CAP_CONSOLE, line, n);
}
