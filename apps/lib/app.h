/*
 * app.h - what a program defines and how it starts.
 */
#ifndef APPS_LIB_APP_H
#define APPS_LIB_APP_H

#include <stdint.h>

/*
 * app_main - the program.
 *
 * Started by the agent, A0 is the number of arguments and A1 the address of
 * their vector (the name first).  The agent itself gets what the kernel knows of
 * the boot archive: its physical address and its size.  The result is the exit
 * code of the environment.
 */
int app_main(uint32_t a0, uint32_t a1);

/* Called by crt0.S only. */
_Noreturn void lib_start(uint32_t a0, uint32_t a1);

/* Argument I of app_main's vector A1. */
static inline const char *
app_arg(uint32_t a1, uint32_t i)
{
	return ((const char *const *)(uintptr_t)a1)[i];
}

/* The environment called NAME, 0 if there is none.  Names prove nothing: anybody
 * may have chosen one. */
uint32_t app_find(const char *name);

#endif /* APPS_LIB_APP_H */
