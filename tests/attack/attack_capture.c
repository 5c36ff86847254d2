/*
 * attack_capture.c - tapes and captures: of others, of wrong sizes, without the
 * NIC's capability, with a tail and a tape that lie, ended in every way.
 *
 * Its flow is Ethernet type 0x88b9, of which it binds byte 14 = 7: so it may send
 * such frames, and watches itself doing so.
 */
#include "apps/lib/mem.h"
#include "apps/lib/ring.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/fate.h"
#include "tests/attack/lib/flow.h"

enum {
	TYPE = 0x88b9,
	SUB = 7,
	TAPE_VA = 0x2a000000,
	LEN = 100,
	WANTED = 14, /* bytes of a frame to keep */
	RECORD = (SP_RECORD_FRAME_AT + WANTED + 3) & ~3,
	FEW = 10,
};

static uint8_t frame[LEN];
static struct type_filter filter;
static struct sp_tape *const tape = (struct sp_tape *)TAPE_VA;

static int32_t
make(uint32_t pages, uint32_t *pfn)
{
	*pfn = own_pages(TAPE_VA, pages);
	return sys_ring_create(APP_CAP_SELF, 0, *pfn, pages | SP_TAPE);
}

static struct sp_bind
watch(int32_t id)
{
	struct sp_bind b = bind_to(0, &filter, 0, SP_TO_CAPTURE, (uint32_t)id);

	b.flags = SP_BIND_OUT;
	b.ring = WANTED;
	return b;
}

static int32_t
bind(const struct sp_bind *b)
{
	return sys_bind(APP_CAP_ROOT, b);
}

static const struct sp_binding_info *
info_of(int32_t binding)
{
	return &app_info()->binding[(uint32_t)binding & 0xffff];
}

/* N frames leave; how many did? */
static uint32_t
send(uint32_t n)
{
	const struct sp_piece p = { sys_addr(frame), LEN };
	uint32_t sent = 0, tries = 0;

	while (sent < n && tries++ < 1000)
		sent += sys_net_send(APP_CAP_SELF, &p, 1) == LEN;
	return sent;
}

/* --- tapes ---------------------------------------------------------------------- */

static void
bad_tapes(void)
{
	uint32_t pfn = own_pages(TAPE_VA, 4);

#define TAPE(name, want, at, pages)                                            \
	refused(name, want,                                                    \
		sys_ring_create(                                               \
			APP_CAP_SELF, 0, at, (uint32_t)(pages) | SP_TAPE))
	TAPE("tape-of-0", SP_EINVAL, pfn, 0);
	TAPE("tape-of-1", SP_EINVAL, pfn, 1);
	TAPE("tape-of-4", SP_EINVAL, pfn, 4);
	TAPE("tape-long", SP_EINVAL, pfn, SP_TAPE_PAGES + 1);
	TAPE("tape-wrap", SP_EINVAL, pfn, ~0u);
	TAPE("tape-kernel", SP_ENOENT, KERNEL_PFN, 2);
#undef TAPE
	refused("ring-as-large", SP_EINVAL,
		sys_ring_create(APP_CAP_SELF, 0, pfn, SP_RING_PAGES + 1));
	drop_pages(TAPE_VA, pfn, 4);
}

static void
bad_captures(int32_t id)
{
	struct sp_bind b = watch(id);

	refused("capture-no-right", SP_EPERM, sys_bind(APP_CAP_SELF, &b));
	b.flags = 0;
	refused("capture-in-no-right", SP_EPERM, sys_bind(APP_CAP_SELF, &b));
	b.object = ring_get()->id;
	refused("capture-on-ring", SP_EINVAL, bind(&b));
	b.object = 0;
	refused("capture-on-none", SP_ENOENT, bind(&b));
	b.object = (uint32_t)id ^ 0x100;
	refused("capture-on-stale", SP_ENOENT, bind(&b));
	b = watch(id);
	b.env = app_info()->env[0].id;
	refused("capture-for-agent", SP_EPERM, bind(&b));
	b = watch(id);
	b.ring = 0;
	refused("capture-nothing", SP_EINVAL, bind(&b));
	b.ring = SP_SNAP_MAX + 1;
	refused("capture-more", SP_EINVAL, bind(&b));
	b.ring = ~0u;
	refused("capture-wrap", SP_EINVAL, bind(&b));
	b = watch(id);
	b.flags |= 0x8000;
	refused("capture-flags", SP_EUNSUPPORTED, bind(&b));
	b = watch(id);
	b.target = SP_TO_RING;
	refused("ring-on-tape-out", SP_EINVAL, bind(&b));
	b.flags = 0;
	refused("ring-on-tape", SP_EINVAL, bind(&b));
	b.object = ring_get()->id;
	b.flags = SP_BIND_OUT;
	refused("ring-of-sent", SP_EINVAL, bind(&b));
}

/* A capture stays what it is. */
static void
bad_replacements(int32_t id)
{
	struct sp_bind b = watch(id);
	int32_t capture = bind(&b), count;

	b.flags = SP_BIND_REPLACE;
	b.replaces = (uint32_t)capture;
	refused("replace-other-way", SP_EINVAL, bind(&b));
	b.flags |= SP_BIND_OUT;
	b.target = SP_TO_COUNT;
	refused("replace-by-count", SP_EINVAL, bind(&b));
	b.target = SP_TO_CAPTURE;
	b.ring = 2 * WANTED;
	attempt_holds("replace-capture", bind(&b) == capture);
	refused("destroy-bound", SP_EBUSY,
		sys_ring_destroy(APP_CAP_SELF, (uint32_t)id));
	attempt_holds(
		"unbind", sys_unbind(APP_CAP_SELF, (uint32_t)capture) == SP_OK);
	b = watch(id);
	b.target = SP_TO_COUNT;
	count = bind(&b);
	attempt_holds("count-sent", send(FEW) == FEW &&
					    info_of(count)->packets == FEW &&
					    tape->head == tape->tail);
	(void)sys_unbind(APP_CAP_SELF, (uint32_t)count);
}

/* Copying takes time, so there may not be any number of them. */
static void
many(int32_t id, uint32_t flags)
{
	struct sp_bind b = watch(id);
	int32_t bound[8] = { 0 }, n = 0;

	b.flags = flags;
	b.ring = SP_SNAP_MAX;
	while (n < 8 && (bound[n] = bind(&b)) > 0)
		n++;
	attempt_holds("whole-frames", n > 0 && n < 8);
	refused("too-many", SP_EFULL, bind(&b));
	for (int32_t i = 0; i < n; i++)
		(void)sys_unbind(APP_CAP_SELF, (uint32_t)bound[i]);
}

/* --- what is recorded ------------------------------------------------------------- */

static void
records(int32_t capture)
{
	const struct sp_record *r =
		(const struct sp_record *)(TAPE_VA + SP_PAGE);
	uint32_t n = 0, at = 0;

	attempt_holds("sent", send(FEW) == FEW);
	for (; at < tape->head; at += RECORD) {
		const uint8_t *kept = (const uint8_t *)r + SP_RECORD_FRAME_AT;
		bool same = true;

		for (uint32_t i = 0; i < WANTED; i++)
			same = same && kept[i] == frame[i];
		n += same && r->bytes == RECORD && r->len == LEN &&
		     r->kept == WANTED && r->flags == SP_RECORD_OUT &&
		     r->who == (uint32_t)sys_self() &&
		     r->binding == ((uint32_t)capture & 0xffff);
		r = (const void *)((const uint8_t *)r + RECORD);
	}
	attempt_holds("recorded", n == FEW && at == tape->head);
	mmio_store(&tape->tail, tape->head);
}

/* Each frame is recorded or counted as dropped, and goes out in any case. */
static void
account(const char *name, int32_t capture, uint32_t before)
{
	const struct sp_binding_info *b = info_of(capture);

	attempt_holds(
		name, send(FEW) == FEW && b->packets == before + FEW &&
			      b->delivered + b->dropped[SP_DROP_RING_FULL] ==
				      b->packets);
	attempt_audit(name);
}

static void
lies(int32_t capture)
{
	static const uint32_t tails[] = { 4, 1, 0xfffffffc, 0x80000000, 4096,
		0 };
	uint32_t head = tape->head;

	for (uint32_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		mmio_store(&tape->tail, head + tails[i]);
		account("tail-lies", capture, info_of(capture)->packets);
	}
	memset(tape, 0xff, SP_PAGE);
	account("control-page-lies", capture, info_of(capture)->packets);
	memset((uint8_t *)tape + SP_PAGE, 0xff, 2 * SP_PAGE);
	account("records-lie", capture, info_of(capture)->packets);
}

/* Until it is full, exactly; then nothing of it is overwritten. */
static void
full(int32_t id, int32_t capture)
{
	const struct sp_binding_info *b = info_of(capture);
	uint32_t before = b->dropped[SP_DROP_RING_FULL], first;

	(void)id;
	while (b->dropped[SP_DROP_RING_FULL] == before)
		(void)send(1);
	first = mmio_load((const uint32_t *)(TAPE_VA + SP_PAGE));
	attempt_holds("full-is-full",
		send(FEW) == FEW &&
			b->dropped[SP_DROP_RING_FULL] == before + 1 + FEW &&
			first == mmio_load((
					 const uint32_t *)(TAPE_VA + SP_PAGE)));
}

/* --- ends --------------------------------------------------------------------------- */

static void
freed(void)
{
	uint32_t pfn;
	int32_t id = make(3, &pfn);
	const struct sp_bind b = watch(id);
	int32_t capture = bind(&b);

	attempt_holds("bound", id > 0 && capture > 0);
	(void)sys_page_free(APP_CAP_SELF, pfn + 1, 1);
	attempt_holds(
		"freed-unbinds", info_of(capture)->id == 0 && send(FEW) == FEW);
	refused("freed-destroy", SP_ENOENT,
		sys_ring_destroy(APP_CAP_SELF, (uint32_t)id));
	drop_pages(TAPE_VA, pfn, 1);
	(void)sys_page_free(APP_CAP_SELF, pfn + 2, 1);
	(void)sys_unmap(APP_CAP_SELF, 0, TAPE_VA, 3);
}

/* Binds as soon as it is let, and rests. */
static int
watches(uint32_t arg)
{
	uint32_t pfn;
	int32_t id = make(3, &pfn), err;
	struct sp_bind b = watch(id);

	(void)arg;
	do {
		b.flags = SP_BIND_OUT;
		err = bind(&b);
		b.flags = 0;
		if (err > 0)
			err = bind(&b);
		(void)sys_yield(0);
	} while (err == SP_EPERM);
	shared_set(0, (uint32_t)err);
	return fate_rest(0);
}

/* How many pages are free afterwards. */
static uint32_t
dies(void)
{
	const struct sp_cap all = { .rights = SP_CAP_ALL };
	struct spawn s = fate_begin(watches, 0);
	uint32_t since = app_info()->ticks;

	(void)sys_cap_grant(APP_CAP_ROOT, s.env, APP_CAP_ROOT, &all);
	while (shared_get(0) == 0 && app_info()->ticks - since < 300)
		(void)sys_yield(s.env);
	attempt_holds("child-watches",
		info_of((int32_t)shared_get(0))->owner == s.env);
	spawn_drop(&s);
	attempt_holds("dead-watch-no-more",
		info_of((int32_t)shared_get(0))->id == 0 && send(FEW) == FEW);
	attempt_audit("dead");
	return app_info()->pages_free;
}

static void
prepare(void)
{
	struct sp_bind b;

	filter = type_filter(TYPE, SUB);
	b = bind_to(flow_await(), &filter, 0, SP_TO_RING, ring_get()->id);
	memset(frame, 0x41, LEN);
	memset(frame, 0xff, 6);
	for (uint32_t i = 0; i < 6; i++)
		frame[6 + i] = app_info()->nic.mac[i];
	be16_put(frame + 12, TYPE);
	frame[14] = SUB;
	attempt_holds("may-send", sys_bind(APP_CAP_SELF, &b) > 0);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t pfn, free;
	int32_t id, capture;
	struct sp_bind b;

	(void)a0;
	(void)a1;
	prepare();
	bad_tapes();
	id = make(3, &pfn);
	bad_captures(id);
	bad_replacements(id);
	many(id, 0);
	many(id, SP_BIND_OUT);
	b = watch(id);
	capture = bind(&b);
	records(capture);
	lies(capture);
	full(id, capture);
	(void)sys_unbind(APP_CAP_SELF, (uint32_t)capture);
	refused("destroy", SP_OK, sys_ring_destroy(APP_CAP_SELF, (uint32_t)id));
	drop_pages(TAPE_VA, pfn, 3);
	freed();
	free = dies(); /* the first time there is more than is given back */
	attempt_holds("nothing-lost", dies() == free && dies() == free);
	attempt_done();
	return 0;
}
