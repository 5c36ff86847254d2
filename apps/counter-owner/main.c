/*
 * main.c - the owner of a remote counter (apps/ash-counter): reads the state it
 * shares with the handler, and is woken after every so many requests.
 *
 * Argument 1: how many, 1 if there is none.  Load the handler with this program
 * as its owner.
 */
#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

/* What the handler keeps at the beginning of its state. */
struct counter {
	uint32_t count;
	uint32_t wake_at; /* the owner wants to be woken at this count */
};

static uint32_t
number(const char *s)
{
	uint32_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	return v;
}

/* Ask for the next call STEP requests from now; returns the count. */
static uint32_t
arm(struct counter *c, uint32_t step)
{
	uint32_t count;

	/* The handler may count on between load and store: then once more. */
	do {
		count = mmio_load(&c->count);
		mmio_store(&c->wake_at, count + step);
	} while (mmio_load(&c->count) - count >= step);
	return count;
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t step = a0 > 1 ? number(app_arg(a1, 1)) : 1;
	uint32_t self = (uint32_t)sys_self();

	if (step == 0) {
		print("usage: %s [REQUESTS]\n", app_arg(a1, 0));
		return 2;
	}
	for (;;) {
		(void)sys_wait(SP_EVENT_ASH);
		for (uint32_t i = 0; i < SP_MAX_ASHES; i++) {
			const struct sp_ash_info *h = &app_info()->ash[i];

			if (h->id != 0 && h->owner == self && h->words > 0)
				print("%s: %s has counted %u\n", app_arg(a1, 0),
					h->name,
					arm((struct counter *)app_ash_va(
						    i, h->data_pfn),
						step));
		}
	}
}
