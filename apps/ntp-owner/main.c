/*
 * main.c - owner of a time server (apps/ash-ntp): says what time it is, and keeps on
 * saying it, as the clock that both go by wraps after 25 s.
 *
 * Argument 1: seconds since 1900, now.  Load the handler with this program as its
 * owner.
 */
#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

enum {
	RATE = 166666667, /* of the clock, a second: 6 ns */
	NAP_TICKS = 100,
};

#define SCALE ((uint32_t)(((uint64_t)1 << 48) / RATE))

/* What the handler keeps at the beginning of its state. */
struct ntp_time {
	uint32_t valid, seconds, fraction, clock, rate, scale, set;
};

static uint32_t
number(const char *s)
{
	uint32_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	return v;
}

/* Go on to the last whole second. */
static void
advance(struct ntp_time *t)
{
	uint32_t whole = (sys_count() - t->clock) / RATE;

	t->seconds += whole;
	t->clock += whole * RATE;
}

/* The handler may run between any two stores: it finds nothing, or all. */
static void
tell(struct ntp_time *to, const struct ntp_time *t)
{
	mmio_store(&to->valid, 0);
	mmio_store(&to->seconds, t->seconds);
	mmio_store(&to->fraction, 0);
	mmio_store(&to->clock, t->clock);
	mmio_store(&to->rate, t->rate);
	mmio_store(&to->scale, t->scale);
	mmio_store(&to->set, t->seconds);
	mmio_store(&to->valid, 1);
}

static void
nap(void)
{
	struct sp_predicate p = { .n = 1 };

	p.term[0].va = sys_addr(&app_info()->ticks);
	p.term[0].op = SP_GE;
	p.term[0].value = app_info()->ticks + NAP_TICKS;
	p.term[0].tag = 1;
	(void)sys_sleep_until(&p);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	struct ntp_time t = { .rate = RATE, .scale = SCALE };
	uint32_t self = (uint32_t)sys_self();

	if (a0 != 2) {
		print("usage: %s SECONDS\n", app_arg(a1, 0));
		return 2;
	}
	t.seconds = number(app_arg(a1, 1));
	t.clock = sys_count();
	for (;; nap()) {
		advance(&t);
		for (uint32_t i = 0; i < SP_MAX_ASHES; i++) {
			const struct sp_ash_info *h = &app_info()->ash[i];

			if (h->id != 0 && h->owner == self && h->words > 0)
				tell((struct ntp_time *)app_ash_va(
					     i, h->data_pfn),
					&t);
		}
	}
}
