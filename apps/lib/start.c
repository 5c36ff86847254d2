/*
 * start.c - run app_main() and end the environment with its result.
 */
#include "app.h"

#include "syscall.h"

void
lib_start(uint32_t a0, uint32_t a1)
{
	sys_exit(app_main(a0, a1));
}
