/*
 * main.c - UDP echo by an upcall: the kernel calls the program for each frame,
 * whatever it was doing.
 *
 * The upcall runs in a context of its own on a stack of its own; the kernel
 * delays the next one until this one is done.
 */
#include "apps/lib/app.h"
#include "apps/lib/echo.h"

enum { STACK_WORDS = 256, HOME_WORDS = 4 /* o32: room for $a0-$a3 */ };

static uint32_t stack[STACK_WORDS] __attribute__((aligned(8)));

_Noreturn static void
upcall(void)
{
	echo_ring(ring_get());
	sys_upcall_done();
}

int
app_main(uint32_t a0, uint32_t a1)
{
	struct sp_ring *r = ring_get();

	(void)a0;
	(void)a1;
	for (;;) {
		(void)sys_upcall_set(upcall, stack + STACK_WORDS - HOME_WORDS);
		/* Frames from before upcalls were on have called nobody. */
		if (ring_waiting(r) == 0) {
			(void)sys_wait(SP_EVENT_RING);
			continue;
		}
		(void)sys_upcall_set(NULL, NULL);
		echo_ring(r);
	}
}
