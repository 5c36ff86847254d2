/*
 * attack_shared.c - who shares wants to listen to what others get.
 *
 * Its flow is Ethernet type 0x88b5.  At last it shares all of that, prints
 * "listening", and the type of each frame that comes to its ring.
 */
#include "apps/lib/ring.h"
#include "dpf/dpf.h"
#include "tests/attack/attack.h"

enum { TYPE = 0x88b5 };

/* To a group, of this type. */
static struct {
	struct dpf_blob head;
	struct dpf_node node[2];
} filter = {
	.head = { .magic = DPF_MAGIC, .nnodes = 2 },
	.node = {
		{ .op = DPF_EQ, .width = 1, .yes = 1, .no = DPF_REJECT,
			.mask = 1, .value = 1 },
		{ .op = DPF_EQ, .width = 2, .off = 12, .yes = DPF_ACCEPT,
			.no = DPF_REJECT, .mask = 0xffff, .value = TYPE },
	},
};

static uint32_t
await_flow(void)
{
	uint32_t self = (uint32_t)sys_self();

	for (;;) {
		for (uint32_t i = 0; i < SP_MAX_FLOWS; i++)
			if (app_info()->flow[i].id != 0 &&
				app_info()->flow[i].owner == self)
				return app_info()->flow[i].id;
		(void)sys_yield(0);
	}
}

static struct sp_bind
shared(uint32_t flow)
{
	const struct sp_bind b = {
		.flow = flow,
		.target = SP_TO_RING,
		.object = ring_get()->id,
		.ring = ~0u,
		.flags = SP_BIND_SHARED,
		.blob_va = sys_addr(&filter),
		.blob_bytes = sizeof(filter),
		.name = "shared",
	};

	filter.head.nnodes = 2;
	filter.head.root = 0;
	filter.node[1].value = TYPE;
	return b;
}

static int32_t
bind(const struct sp_bind *b)
{
	return sys_bind(APP_CAP_SELF, b);
}

static void
beyond_its_flow(uint32_t flow)
{
	struct sp_bind b = shared(0);

	tried("shared-root-flow", bind(&b));
	b = shared(flow);
	filter.node[1].value = 0x0806;
	tried("shared-arp", bind(&b));
	filter.node[1].value = 0x0800;
	tried("shared-outside", bind(&b));
	b.blob_bytes = sizeof(filter.head) + sizeof(filter.node[0]);
	filter.head.nnodes = 1;
	filter.node[0].yes = DPF_ACCEPT;
	tried("shared-all-groups", bind(&b));
	filter.node[0].yes = 1;
	b.blob_bytes = sizeof(filter.head);
	filter.head.nnodes = 0;
	filter.head.root = DPF_ACCEPT;
	tried("shared-everything", bind(&b));
	b = shared(flow);
	b.env = app_info()->env[0].id;
	tried("shared-for-agent", bind(&b));
	b = shared(flow);
	b.target = SP_TO_COUNT;
	tried("shared-tap", bind(&b));
}

/* What is shared cannot become what is not, nor the other way. */
static uint32_t
changes_sides(uint32_t flow)
{
	struct sp_bind b = shared(flow);
	int32_t id = bind(&b);

	tried("shared", id < 0 ? id : 0);
	b.replaces = (uint32_t)id;
	b.flags = SP_BIND_REPLACE;
	tried("shared-replaced-by-own", bind(&b));
	b.flags = SP_BIND_REPLACE | SP_BIND_SHARED;
	filter.node[1].value = 0x0806;
	tried("shared-replaced-outside", bind(&b));
	filter.node[1].value = TYPE;
	id = bind(&b);
	tried("shared-replaced", id < 0 ? id : 0);
	b.flags = SP_BIND_FOLLOW | SP_BIND_REPLACE;
	b.target = SP_TO_ASH;
	tried("follow-ash", bind(&b));
	b.target = SP_TO_COUNT;
	tried("follow-tap", bind(&b));
	return (uint32_t)id;
}

/* Too many to ask for each frame: what is there stays. */
static void
crowd(uint32_t flow)
{
	struct sp_bind b = shared(flow);
	static int32_t id[256];
	uint32_t n = 0;

	while (n < 256 && (id[n] = bind(&b)) > 0)
		n++;
	tried("shared-crowd", n < 256 ? id[n] : 0);
	while (n > 0)
		(void)sys_unbind(APP_CAP_SELF, (uint32_t)id[--n]);
}

static void
listen(void)
{
	struct sp_ring *r = ring_get();

	print("attack: listening 0\n");
	for (;;) {
		while (ring_waiting(r) != 0) {
			const uint8_t *f = ring_slot_bytes(ring_slot(r)) +
					   SP_RING_FRAME_AT;

			print("attack: heard %04x\n", be16_get(f + 12));
			ring_next(r);
		}
		(void)sys_wait(SP_EVENT_RING);
	}
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t flow = await_flow();

	(void)a0;
	(void)a1;
	beyond_its_flow(flow);
	(void)changes_sides(flow);
	crowd(flow);
	listen();
	return 0;
}
