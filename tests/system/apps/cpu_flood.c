/*
 * cpu_flood.c - somebody whose frames keep the CPU busy, beside a worker that is
 * to have its share all the same.
 *
 * Argument 1: "handler", its handler takes long for each frame while it works
 * itself; "upcall", its upcalls do.  From the first frame on it counts, and after
 * the ticks of argument 2 it says how the time was shared, in thousandths.
 */
#include "apps/lib/ring.h"
#include "tests/system/apps/cpu.h"

enum { W_TIME };

static uint32_t frames;
static uint64_t stack[256];

/* Adds up the time it has, in 1000 counts. */
static int
worker(uint32_t arg)
{
	uint32_t last = sys_count(), sum = 0;

	(void)arg;
	for (;;) {
		uint32_t now = sys_count();

		if (now - last < TICK_COUNTS / 20)
			sum += now - last;
		last = now;
		for (; sum > 1000; sum -= 1000)
			++*shared(W_TIME);
	}
	return 0;
}

/* Longer than anybody else's slice could pay for. */
static void
upcall(void)
{
	uint32_t from = ticks();

	while (ring_waiting(ring_get()) > 0) {
		ring_next(ring_get());
		frames++;
	}
	while (ticks() - from < 4)
		;
	sys_upcall_done();
}

static uint32_t
number(const char *s)
{
	uint32_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	return v;
}

/* Frames that its handler or its upcall has had. */
static uint32_t
seen(uint32_t self)
{
	for (uint32_t i = 0; i < SP_MAX_ASHES; i++)
		if (app_info()->ash[i].id != 0 &&
			app_info()->ash[i].owner == self)
			return mmio_load(&app_info()->ash[i].runs);
	return mmio_load(&frames);
}

/* A tick or two. */
static void
nap(void)
{
	struct sp_predicate p = { .n = 1 };

	p.term[0].va = sys_addr(&app_info()->ticks);
	p.term[0].op = SP_GE;
	p.term[0].value = ticks() + 2;
	p.term[0].tag = 1;
	(void)sys_sleep_until(&p);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t count = a0 > 2 ? number(app_arg(a1, 2)) : 0, from, had;
	uint32_t self = (uint32_t)sys_self(), page = own_page(SHARED_VA);
	const struct sp_env_info *me = about(self);
	struct spawn s;

	if (a0 > 1 && app_arg(a1, 1)[0] == 'u')
		(void)sys_upcall_set(upcall, &stack[ARRAY_LEN(stack) - 2]);
	print("cpu: ready\n");
	while (seen(self) == 0)
		nap();
	s = child(page, worker, 0);
	had = *shared(W_TIME);
	from = ticks();
	while (ticks() - from < count)
		;
	count = ticks() - from; /* it may be late */
	print("cpu: ticks %u share %u charged %u forfeited %u frames %u\n",
		count,
		(*shared(W_TIME) - had) / (count * (TICK_COUNTS / 1000) / 1000),
		me->charged / (count * (TICK_COUNTS / 1000)), me->forfeited,
		seen(self));
	spawn_drop(&s);
	said("done", 0);
	for (;;)
		(void)sys_wait(SP_EVENT_CHILD);
}
