/*
 * attack_arguments.c - addresses of the kernel, and what is no address at all, in
 * every argument of every call; numbers that are no call.
 */
#include "apps/lib/mem.h"
#include "ash/ash.h"
#include "tests/attack/attack.h"

enum { ARGS = 4 };

static const uint32_t places[] = {
	0x80000000, /* vectors */
	0x80010000, /* the STLB */
	0x80020000, /* environments */
	(uint32_t)KERNEL_VA,
	0x87fffffc, /* the last frame */
	0x9ffffffc, /* no RAM */
	0xa0100000, /* the same, uncached */
	0xb8000000, /* devices */
	0xbfc00500, /* ROM */
	0xc0000000, /* kernel mapped */
	0xff200000, /* debug */
	0xfffffffc,
	0xffffffff,
	0x7ffffffc, /* just below */
	0x00000000,
	0x00000004,
};

/* Ending itself, waiting, and what has no argument are no attempts.  A program
 * may ask for upcalls wherever it likes: they are entered in user mode. */
static bool
is_skipped(uint32_t number)
{
	switch (number) {
	case SP_CALL_null:
	case SP_CALL_self:
	case SP_CALL_yield:
	case SP_CALL_wait:
	case SP_CALL_exit:
	case SP_CALL_upcall_set:
		return true;
	default:
		return false;
	}
}

/* The best that came of PLACE as argument AT, the others being OTHERS. */
static int32_t
call_with(uint32_t number, uint32_t at, uint32_t place, uint32_t others)
{
	uint32_t a[ARGS] = { APP_CAP_SELF, others, others, others };

	a[at] = place;
	if (number == SP_CALL_env_kill && a[1] == 0) /* itself, rightly */
		return SP_EPERM;
	return sys_call((enum sp_call)number, a[0], a[1], a[2], a[3]);
}

/* SP_ENOSYS if every place was refused with a code, else the result that was not. */
static int32_t
sweep(uint32_t number, uint32_t others)
{
	for (uint32_t at = 0; at < ARGS; at++)
		for (uint32_t i = 0; i < ARRAY_LEN(places); i++) {
			int32_t code = call_with(number, at, places[i], others);

			if (code >= 0 || code < SP_EREVOKED) {
				print("attack: arg %u %08x others %x: %d\n", at,
					places[i], others, (int)code);
				return 0;
			}
		}
	return SP_ENOSYS;
}

/* Whatever the arguments: an address of the kernel in one of them is refused.
 * Calls whose last arguments do not count may work for the places in those. */
static void
every_argument(void)
{
	static const char *const names[SP_CALL_COUNT] = {
#define X(name, value) [value] = #name,
		SP_CALLS(X)
#undef X
	};

	for (uint32_t n = 0; n < SP_CALL_COUNT; n++) {
		if (is_skipped(n))
			continue;
		refused(names[n], SP_ENOSYS, sweep(n, 0));
		refused(names[n], SP_ENOSYS, sweep(n, ~0u));
		refused(names[n], SP_ENOSYS, sweep(n, (uint32_t)KERNEL_VA));
	}
}

static void
no_calls(void)
{
	static const uint32_t numbers[] = { SP_CALL_COUNT, SP_CALL_COUNT + 1,
		255, 256, 0x10000, 0x40000000, 0x40000001, 0x7fffffff };
	int32_t worst = SP_ENOSYS;

	for (uint32_t i = 0; i < ARRAY_LEN(numbers); i++)
		refused("no-call", SP_ENOSYS,
			sys_call((enum sp_call)numbers[i], 1, 2, 3, 4));
	for (uint32_t n = SP_CALL_COUNT; n < 2000; n++)
		if (sys_call((enum sp_call)n, 0, 0, 0, 0) != SP_ENOSYS)
			worst = 0;
	refused("no-call-sweep", SP_ENOSYS, worst);
}

/* --- structures that lie across the end of what is mapped ------------------------- */

static const struct {
	uint8_t number, at;
} pointers[] = {
	{ SP_CALL_console, 1 },
	{ SP_CALL_map, 0 },
	{ SP_CALL_env_create, 1 },
	{ SP_CALL_env_start, 2 },
	{ SP_CALL_cap_grant, 3 },
	{ SP_CALL_flow_derive, 1 },
	{ SP_CALL_bind, 1 },
	{ SP_CALL_net_send, 1 },
	{ SP_CALL_ash_reserve, 2 },
	{ SP_CALL_ash_install, 2 },
	{ SP_CALL_filter_run, 1 },
	{ SP_CALL_context_set, 2 },
	{ SP_CALL_sleep_until, 0 },
	{ SP_CALL_page_acl, 3 },
	{ SP_CALL_revoke, 1 },
	{ SP_CALL_cap_revoke, 1 },
};

static int32_t
point(uint32_t i, uint32_t va)
{
	uint32_t a[ARGS] = { APP_CAP_SELF, 0, 2, 0 };
	uint32_t number = pointers[i].number;

	if (number == SP_CALL_console) {
		a[0] = APP_CAP_CONSOLE;
		a[2] = 256;
	}
	a[pointers[i].at] = va;
	return sys_call((enum sp_call)number, a[0], a[1], a[2], a[3]);
}

static void
half_structures(void)
{
	uint32_t pfn = own_pages(SPARE_VA, 1);
	uint32_t end = SPARE_VA + SP_PAGE;

	for (uint32_t i = 0; i < ARRAY_LEN(pointers); i++) {
		refused("half-behind", SP_EFAULT, point(i, end - 1));
		refused("half-before", SP_EFAULT, point(i, SPARE_VA - 1));
		refused("half-nothing", SP_EFAULT, point(i, end));
		refused("half-wrap", SP_EFAULT, point(i, 0xffffffff));
		refused("half-top", SP_EFAULT, point(i, 0x7fffffff));
		refused("half-kernel", SP_EFAULT,
			point(i, (uint32_t)KERNEL_VA));
	}
	drop_pages(SPARE_VA, pfn, 1);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	no_calls();
	half_structures();
	every_argument();
	attempt_done();
	return 0;
}
