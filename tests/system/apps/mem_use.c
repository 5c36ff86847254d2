/*
 * mem_use.c - frames that are freed while a ring, a handler, a predicate or a
 * transmission uses them.  Its flow is Ethernet type 0x88b5.
 */
#include "apps/lib/mem.h"
#include "ash/ash.h"
#include "dpf/dpf.h"
#include "dpf/mips.h"
#include "tests/system/apps/child.h"

enum { TYPE = 0x88b5, SEND_BYTES = 1000 };

/* This type, and byte 14 as it says. */
static struct {
	struct dpf_blob head;
	struct dpf_node node[2];
} filter = {
	.head = { .magic = DPF_MAGIC, .nnodes = 2 },
	.node = {
		{ .op = DPF_EQ, .width = 2, .off = 12, .yes = 1,
			.no = DPF_REJECT, .mask = 0xffff, .value = TYPE },
		{ .op = DPF_EQ, .width = 1, .off = 14, .yes = DPF_ACCEPT,
			.no = DPF_REJECT, .mask = 0xff },
	},
};

static uint32_t flow;

static void
await_flow(void)
{
	uint32_t self = (uint32_t)sys_self();

	while (flow == 0) {
		for (uint32_t i = 0; i < SP_MAX_FLOWS; i++)
			if (app_info()->flow[i].owner == self)
				flow = app_info()->flow[i].id;
		(void)sys_yield(0);
	}
}

static uint32_t
bind(uint32_t target, int32_t object, uint32_t sub)
{
	struct sp_bind b = {
		.flow = flow,
		.target = target,
		.object = (uint32_t)object,
		.ring = ~0u,
		.blob_va = sys_addr(&filter),
		.blob_bytes = sizeof(filter),
		.name = "use",
	};
	int32_t id;

	filter.node[1].value = sub;
	id = sys_bind(APP_CAP_SELF, &b);
	said("bind", id);
	return (uint32_t)id;
}

/* One more frame than there were. */
static void
await_frame(const char *name)
{
	uint32_t before = mmio_load(&app_info()->nic.received);

	print("mem: send %s\n", name);
	while (mmio_load(&app_info()->nic.received) == before)
		(void)sys_yield(0);
}

/* Is the page at VA all zero? */
static int
is_clear(uint32_t va)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < SP_PAGE / 4; i++)
		sum |= mmio_load(word_at(va) + i);
	return sum == 0;
}

static void
ring(void)
{
	int32_t pfn = alloc(3, 0, PFN_ANY);
	uint32_t data = (uint32_t)pfn + 1, binding;
	struct sp_ring *r = (struct sp_ring *)SPARE_VA;
	int32_t id = sys_ring_create(APP_CAP_SELF, 0, (uint32_t)pfn, 3);

	said("ring", id);
	(void)map_at(0, SPARE_VA, (uint32_t)pfn, 3, SP_MAP_WRITE);
	binding = bind(SP_TO_RING, id, 1);
	await_frame("to-ring");
	holds("ring-got", mmio_load(&r->head) == 1);
	said("free-data", page_free(data, 1));
	said("ring-gone", sys_ring_destroy(APP_CAP_SELF, (uint32_t)id));
	said("binding-gone", sys_unbind(APP_CAP_SELF, binding));
	holds("control-mine",
		mmio_load(&r->head) == 1 && frame_of((uint32_t)pfn)->pins == 0);
	holds("data-again", alloc(1, 0, data) == (int32_t)data);
	(void)map_at(0, SPARE_VA + SP_PAGE, data, 1, SP_MAP_WRITE);
	await_frame("to-nobody");
	holds("nothing-came", is_clear(SPARE_VA + SP_PAGE));
	(void)page_free((uint32_t)pfn, 3);
}

/* Counts in its first word of data, and takes the frame. */
static int32_t
install(struct sp_ash *a)
{
	static uint32_t code[ASH_FIRST_WORD + 3];
	struct sp_ash_code c = {
		.code_va = sys_addr(code),
		.words = ASH_FIRST_WORD + 3,
	};
	int32_t id = sys_ash_reserve(APP_CAP_SELF, 0, a);

	code[ASH_FIRST_WORD] = mips_i(MIPS_OP_lui, MIPS_V0, 0, 1);
	code[ASH_FIRST_WORD + 1] = mips_jump(MIPS_OP_j, a->code_base);
	code[ASH_FIRST_WORD + 2] = MIPS_NOP;
	said("install", sys_ash_install(APP_CAP_SELF, (uint32_t)id, &c));
	return id;
}

static void
handler(void)
{
	struct sp_ash a = { .code_bits = 8, .data_bits = 13, .name = "use" };
	int32_t id = install(&a);
	uint32_t binding = bind(SP_TO_ASH, id, 2);

	await_frame("to-handler");
	said("free-region", page_free(a.data_pfn + 1, 1));
	said("handler-gone", sys_ash_remove(APP_CAP_SELF, (uint32_t)id));
	said("its-binding-gone", sys_unbind(APP_CAP_SELF, binding));
	said("rest-is-mine", page_free(a.data_pfn, 1));
	await_frame("to-no-handler");
}

/* --- a child that sleeps on our memory ------------------------------------------ */

static void
sleeper_main(uint32_t arg)
{
	int32_t own = alloc(1, 0, PFN_ANY);
	struct sp_predicate p = {
		.n = 1,
		.term = { { .va = SPARE_VA,
			.op = SP_NE,
			.value = 0,
			.tag = 1 } },
	};

	(void)arg;
	shared()->name = frame_of((uint32_t)own)->name;
	child_wait();
	shared()->result[0] = map_at(0, SPARE_VA, shared()->pfn, 1, 0);
	shared()->result[1] = sys_sleep_until(&p);
	sys_exit(0);
}

static void
sleeper(const char *name, uint32_t comm, int narrow)
{
	struct sp_acl acl = { .entry = { { .rights = 0 } } };
	uint32_t pfn = (uint32_t)alloc(1, 0, PFN_ANY);
	struct child c;

	memset(shared(), 0, sizeof(*shared()));
	shared()->pfn = pfn;
	c = child_start(sleeper_main, 0, comm);
	while (mmio_load(&shared()->answered) == 0)
		(void)sys_yield(c.env);
	acl.entry[0] = shared()->name;
	acl.entry[0].rights = SP_CAP_READ;
	said("acl", sys_page_acl(APP_CAP_SELF, pfn, 1, &acl));
	mmio_store(&shared()->request, 1);
	while (child_info(&c)->state != SP_ENV_SLEEPING)
		(void)sys_yield(c.env);
	holds("pinned", frame_of(pfn)->pins == 1);
	acl.entry[0].rights = 0;
	if (narrow)
		(void)sys_page_acl(APP_CAP_SELF, pfn, 1, &acl);
	else
		(void)page_free(pfn, 1);
	holds("unpinned", frame_of(pfn)->pins == 0);
	(void)child_end(&c);
	print("mem: %s %d %d\n", name, (int)shared()->result[0],
		(int)shared()->result[1]);
	if (narrow)
		(void)page_free(pfn, 1);
}

/* --- a child whose ring lies in our memory ---------------------------------------- */

static void
ringer_main(uint32_t arg)
{
	int32_t own = alloc(1, 0, PFN_ANY);

	(void)arg;
	shared()->name = frame_of((uint32_t)own)->name;
	child_wait();
	shared()->result[0] =
		sys_ring_create(APP_CAP_SELF, 0, shared()->pfn, 2);
	child_wait();
	shared()->result[1] =
		sys_ring_destroy(APP_CAP_SELF, (uint32_t)shared()->result[0]);
	sys_exit(0);
}

/* Who may no longer write to the frames has no ring in them; who owns them has
 * his still. */
static void
ringer(uint32_t comm)
{
	struct sp_acl acl = { .entry = { { .rights = 0 } } };
	uint32_t pfn = (uint32_t)alloc(3, 0, PFN_ANY);
	int32_t mine = sys_ring_create(APP_CAP_SELF, 0, pfn + 1, 2);
	struct child c;

	memset(shared(), 0, sizeof(*shared()));
	shared()->pfn = pfn;
	c = child_start(ringer_main, 0, comm);
	while (mmio_load(&shared()->answered) == 0)
		(void)sys_yield(c.env);
	acl.entry[0] = shared()->name;
	acl.entry[0].rights = SP_CAP_READ | SP_CAP_WRITE;
	(void)sys_page_acl(APP_CAP_SELF, pfn, 2, &acl);
	child_step(&c);
	holds("its-ring", shared()->result[0] > 0 && frame_of(pfn)->pins == 1 &&
				  frame_of(pfn + 1)->pins == 2);
	acl.entry[0].rights = SP_CAP_READ;
	(void)sys_page_acl(APP_CAP_SELF, pfn, 2, &acl);
	holds("my-ring",
		frame_of(pfn)->pins == 0 && frame_of(pfn + 1)->pins == 1);
	child_step(&c);
	(void)child_end(&c);
	said("its-ring-gone", shared()->result[1]);
	said("my-ring-stays", sys_ring_destroy(APP_CAP_SELF, (uint32_t)mine));
	(void)page_free(pfn, 3);
}

/* The page is freed, taken anew and written to at once; what was to be sent is
 * sent, or nothing. */
static void
transmission(void)
{
	uint32_t pfn = (uint32_t)alloc(1, 0, PFN_ANY), binding;
	struct sp_piece p = { SPARE_VA, SEND_BYTES };
	uint8_t *f = (uint8_t *)SPARE_VA;

	binding = bind(
		SP_TO_RING, (int32_t)((struct sp_ring *)APP_RING_VA)->id, 3);
	(void)map_at(0, SPARE_VA, pfn, 1, SP_MAP_WRITE);
	memset(f, 0x11, SEND_BYTES);
	for (uint32_t i = 0; i < 6; i++)
		f[6 + i] = app_info()->nic.mac[i];
	be16_put(f + 12, TYPE);
	f[14] = 3;
	for (int i = 0; i < 8; i++)
		(void)sys_net_send(APP_CAP_SELF, &p, 1);
	said("free-sending", page_free(pfn, 1));
	holds("sent-again", alloc(1, 0, pfn) == (int32_t)pfn);
	(void)map_at(0, SPARE_VA, pfn, 1, SP_MAP_WRITE);
	memset(f, 0xee, SEND_BYTES);
	said("unbind", sys_unbind(APP_CAP_SELF, binding));
	(void)page_free(pfn, 1);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t comm = (uint32_t)alloc(1, 0, PFN_ANY);

	(void)a0;
	(void)a1;
	(void)map_at(0, SHARED_VA, comm, 1, SP_MAP_WRITE);
	await_flow();
	ring();
	handler();
	sleeper("sleeper-freed", comm, 0);
	sleeper("sleeper-narrowed", comm, 1);
	ringer(comm);
	transmission();
	said("done", 0);
	for (;;)
		(void)sys_wait(SP_EVENT_CHILD);
}
