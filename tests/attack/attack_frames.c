/*
 * attack_frames.c - what leaves the machine: pages that are freed while the NIC
 * reads them, heads that change behind the check, frames in somebody else's name,
 * floods.
 *
 * Its flow is Ethernet type 0x88b8, of which it binds byte 14 = 7.  The far end
 * (test_attacks.py) looks at every frame: from our address, and GOOD throughout.
 */
#include "apps/lib/mem.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/fate.h"
#include "tests/attack/lib/flow.h"

enum {
	TYPE = 0x88b8,
	SUB = 7,
	GOOD = 0x41,
	BAD = 0x42, /* what must never be seen outside */
	HEAD = 128, /* bytes in the first piece: all that templates read */
	TAIL = 1000,
	ROUNDS = 100,
	BODY_VA = 0x29000000,
};

static uint8_t head[HEAD];
static uint32_t flow;

static void
fill(void *p, uint8_t with, uint32_t n)
{
	memset(p, with, n);
}

static void
make_head(void)
{
	fill(head, GOOD, sizeof(head));
	fill(head, 0xff, 6);
	for (uint32_t i = 0; i < 6; i++)
		head[6 + i] = app_info()->nic.mac[i];
	be16_put(head + 12, TYPE);
	head[14] = SUB;
}

static int32_t
send(uint32_t tail_va, uint32_t tail)
{
	const struct sp_piece p[] = {
		{ sys_addr(head), sizeof(head) },
		{ tail_va, tail },
	};

	return sys_net_send(APP_CAP_SELF, p, tail == 0 ? 1 : 2);
}

static int32_t
bind_own(uint32_t in, uint32_t object)
{
	const struct type_filter f = type_filter(TYPE, SUB);
	const struct sp_bind b = bind_to(in, &f, 0, SP_TO_RING, object);

	return sys_bind(APP_CAP_SELF, &b);
}

/* The page is freed at once, taken again and filled with what nobody may see. */
static void
freed_pages(void)
{
	uint32_t sent = 0, again = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t pfn = own_pages(BODY_VA, 1);

		fill((void *)BODY_VA, GOOD, SP_PAGE);
		make_head();
		sent += send(BODY_VA, TAIL) > 0;
		drop_pages(BODY_VA, pfn, 1);
		if (sys_page_alloc(APP_CAP_SELF, 1, 0, pfn) < 0)
			continue;
		again++;

		const struct sp_map m = { .va = BODY_VA,
			.pfn = pfn,
			.count = 1,
			.flags = SP_MAP_WRITE };

		(void)sys_map(&m);
		fill((void *)BODY_VA, BAD, SP_PAGE);
		drop_pages(BODY_VA, pfn, 1);
	}
	attempt_holds("freed-page", sent > 0 && again == ROUNDS);
}

/* The head is somebody else's as soon as the call is over. */
static void
rewritten_heads(void)
{
	uint32_t pfn = own_pages(BODY_VA, 1), sent = 0;

	fill((void *)BODY_VA, GOOD, SP_PAGE);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		make_head();
		sent += send(BODY_VA, TAIL) > 0;
		fill(head, BAD, sizeof(head));
	}
	make_head();
	attempt_holds("rewritten-head", sent > 0);
	drop_pages(BODY_VA, pfn, 1);
}

/* The same page is head and tail, and the head a piece of it at every place. */
static void
pieces_of_one_page(void)
{
	uint32_t pfn = own_pages(BODY_VA, 1), sent = 0, at;
	struct sp_piece p[SP_GATHER];

	make_head();
	for (uint32_t i = 0; i < 64; i++) {
		at = BODY_VA + SP_PAGE - HEAD - i;
		fill((void *)BODY_VA, GOOD, SP_PAGE);
		memcpy((void *)(uintptr_t)at, head, HEAD);
		p[0] = (struct sp_piece){ at, 10 };
		p[1] = (struct sp_piece){ at + 10, HEAD - 10 };
		p[2] = (struct sp_piece){ BODY_VA, 100 };
		p[3] = (struct sp_piece){ BODY_VA + 1, i };
		sent += sys_net_send(APP_CAP_SELF, p, SP_GATHER) > 0;
	}
	attempt_holds("pieces", sent > 0);
	/* The last piece crosses into what is not mapped. */
	p[3] = (struct sp_piece){ BODY_VA + SP_PAGE - 8, 16 };
	refused("piece-crosses", SP_EFAULT,
		sys_net_send(APP_CAP_SELF, p, SP_GATHER));
	p[3] = (struct sp_piece){ (uint32_t)KERNEL_VA, 16 };
	refused("piece-kernel", SP_EFAULT,
		sys_net_send(APP_CAP_SELF, p, SP_GATHER));
	p[3] = (struct sp_piece){ BODY_VA, 0xfffffff0 };
	refused("piece-wrap", SP_EINVAL,
		sys_net_send(APP_CAP_SELF, p, SP_GATHER));
	drop_pages(BODY_VA, pfn, 1);
}

/* As fast as it goes; what finds no room is refused, and nobody else starves. */
static void
floods(void)
{
	uint32_t pfn = own_pages(BODY_VA, 1), sent = 0, odd = 0;

	fill((void *)BODY_VA, GOOD, SP_PAGE);
	make_head();
	for (uint32_t i = 0; i < 5 * ROUNDS; i++) {
		int32_t code = send(BODY_VA, TAIL);

		sent += code > 0;
		odd += code < 0 && code != SP_EFULL;
	}
	attempt_holds("flood", sent > 0 && odd == 0);
	drop_pages(BODY_VA, pfn, 1);
}

static void
other_names(void)
{
	static const uint8_t places[] = { 6, 8, 11, 12, 13 };

	for (uint32_t i = 0; i < sizeof(places); i++) {
		make_head();
		head[places[i]] ^= 1;
		refused("other-name", SP_EDENIED, send(0, 0));
	}
	make_head();
}

/* A child has no flow: it may send nothing, though it has the same page. */
static int
sends(uint32_t arg)
{
	(void)arg;
	return send(0, 0) == SP_EDENIED ? 21 : 22;
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t pfn = own_pages(SPARE_VA, 3);
	int32_t ring, binding;

	(void)a0;
	(void)a1;
	flow = flow_await();
	make_head();
	refused("send-unbound", SP_EDENIED, send(0, 0));
	ring = sys_ring_create(APP_CAP_SELF, 0, pfn, 3);
	binding = bind_own(flow, (uint32_t)ring);
	refused("send", SP_OK, send(0, 0));
	other_names();
	fate("child-sends", 21, sends, 0);
	freed_pages();
	rewritten_heads();
	pieces_of_one_page();
	floods();
	/* A ring's pages are freed while frames may come for it. */
	refused("ring-freed", SP_OK, sys_page_free(APP_CAP_SELF, pfn, 3));
	refused("ring-gone", SP_ENOENT,
		sys_ring_destroy(APP_CAP_SELF, (uint32_t)ring));
	refused("binding-gone", SP_ENOENT,
		sys_unbind(APP_CAP_SELF, (uint32_t)binding));
	refused("send-after", SP_EDENIED, send(0, 0));
	attempt_done();
	return 0;
}
