/*
 * sleeper.c - an application that never looks at its packet ring.
 */
#include "apps/lib/app.h"
#include "apps/lib/syscall.h"

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	for (;;)
		(void)sys_wait(SP_EVENT_CHILD);
}
