/*
 * main.c - UDP echo by an application that reads its packet ring.
 *
 * The plain way: sleep until a frame is there, answer all there are.
 */
#include "apps/lib/app.h"
#include "apps/lib/echo.h"

int
app_main(uint32_t a0, uint32_t a1)
{
	struct sp_ring *r = ring_get();

	(void)a0;
	(void)a1;
	for (;;) {
		(void)sys_wait(SP_EVENT_RING);
		echo_ring(r);
	}
}
