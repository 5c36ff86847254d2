/*
 * attack_upcall.c - an owner of a flow whose upcalls go where they should not.
 *
 * Argument 1: what its upcall does.  Its flow is Ethernet type 0x88b5, and its
 * filter (test_attack.py) delivers to its ring.
 */
#include "apps/lib/ring.h"
#include "tests/attack/attack.h"

static uint64_t stack[256];

static const void *
top(void)
{
	return &stack[ARRAY_LEN(stack) - 2];
}

/* Sees a second frame arrive, then wants no more upcalls. */
static void
turn_off(void)
{
	if (ring_waiting(ring_get()) < 2)
		tried("second", 0);
	while (ring_waiting(ring_get()) < 2)
		;
	tried("upcall-off", sys_upcall_set(NULL, NULL));
	tried("upcall-wait", sys_wait(SP_EVENT_RING));
	sys_upcall_done();
}

static void
end(void)
{
	sys_exit(7);
}

static void
forever(void)
{
	tried("forever", 0);
	for (;;)
		;
}

static void
yielding(void)
{
	tried("yielding", sys_yield(0));
	for (;;)
		(void)sys_yield(app_info()->env[0].id);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	char way = a0 > 1 ? app_arg(a1, 1)[0] : '?';
	void (*pc)(void) = way == 'o'   ? turn_off
			   : way == 'e' ? end
			   : way == 'f' ? forever
			   : way == 'y' ? yielding
			   : way == 'k' ? (void (*)(void))(uintptr_t)KERNEL_VA
					: (void (*)(void))(uintptr_t)3;

	tried("upcall-done-outside", sys_call1(SP_CALL_upcall_done, 0));
	tried("upcall-set", sys_upcall_set(pc, top()));
	(void)sys_wait(SP_EVENT_RING);
	tried("woken", 0);
	for (;;)
		(void)sys_wait(SP_EVENT_CHILD);
}
