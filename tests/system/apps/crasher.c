/*
 * crasher.c - an application that dies of its first frame, in a chosen way.
 *
 * Argument 1: load, store, kernel, align, break, trap, privileged, debug, jump.
 * Instructions that C cannot say are words in the text segment, called.
 */
#include "apps/lib/app.h"
#include "apps/lib/mmio.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>
#include <stddef.h>

#define JR_RA 0x03e00008

static const struct way {
	char name[12];
	uint32_t code[3]; /* called if the first is not 0 */
	uint32_t load;    /* else this address is read, */
	uint32_t store;   /* or that one is written */
} ways[] = {
	{ "load", { 0 }, 0x00000040, 0 }, { "store", { 0 }, 0, SP_USER_BASE },
	{ "kernel", { 0 }, 0x80100000, 0 },
	{ "align", { 0 }, SP_USER_BASE + 2, 0 },
	{ "break", { 0x0000000d, JR_RA, 0 }, 0, 0 },
	{ "trap", { 0x00000034, JR_RA, 0 }, 0, 0 },       /* teq $0, $0 */
	{ "privileged", { 0x40026000, JR_RA, 0 }, 0, 0 }, /* mfc0 $v0, Status */
	{ "debug", { 0x7000003f, JR_RA, 0 }, 0, 0 },      /* sdbbp */
	{ "jump", { 0xffffffff, JR_RA, 0 }, 0, 0 },       /* no instruction */
};

static void
die(const struct way *w)
{
	if (w->code[0] != 0)
		((void (*)(void))(uintptr_t)w->code)();
	else if (w->load != 0)
		(void)mmio_load((const uint32_t *)(uintptr_t)w->load);
	else
		mmio_store((uint32_t *)(uintptr_t)w->store, 1);
}

static int
same(const char *a, const char *b)
{
	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	return *a == *b;
}

int
app_main(uint32_t a0, uint32_t a1)
{
	const struct way *w = NULL;

	for (size_t i = 0; a0 > 1 && i < ARRAY_LEN(ways); i++)
		if (same(app_arg(a1, 1), ways[i].name))
			w = &ways[i];
	if (w == NULL)
		return 2;
	(void)sys_wait(SP_EVENT_RING);
	die(w);
	return 3; /* it survived */
}
