/*
 * attack_flows.c - the owner of a flow wants more: other frames, other people's
 * bindings, rings and handlers, code that nobody verified, a kernel that fails.
 *
 * Its flow is Ethernet type 0x88b5.
 */
#include "apps/lib/ring.h"
#include "ash/ash.h"
#include "dpf/dpf.h"
#include "dpf/mips.h"
#include "tests/attack/attack.h"

enum { TYPE = 0x88b5 };

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
to_ring(uint32_t sub)
{
	struct sp_bind b = {
		.flow = flow,
		.target = SP_TO_RING,
		.object = ring_get()->id,
		.ring = ~0u,
		.blob_va = sys_addr(&filter),
		.blob_bytes = sizeof(filter),
		.name = "attack",
	};

	filter.node[0].value = TYPE;
	filter.node[1].value = sub;
	return b;
}

static int32_t
bind(const struct sp_bind *b)
{
	return sys_bind(APP_CAP_SELF, b);
}

static struct sp_flow
subflow(uint32_t parent, uint32_t env, uint32_t sub)
{
	struct sp_flow f = {
		.parent = parent,
		.env = env,
		.blob_va = sys_addr(&filter),
		.blob_bytes = sizeof(filter),
		.name = "attack",
	};

	filter.node[0].value = TYPE;
	filter.node[1].value = sub;
	return f;
}

static int32_t
derive(uint32_t parent, uint32_t env, uint32_t sub)
{
	struct sp_flow f = subflow(parent, env, sub);

	return sys_flow_derive(APP_CAP_SELF, &f);
}

/* --- filters ---------------------------------------------------------------- */

static void
bad_bindings(void)
{
	struct sp_bind b = to_ring(1);

	b.flow = 0;
	tried("bind-root-flow", bind(&b));
	b = to_ring(1);
	b.flow = flow + 0x10000;
	tried("bind-stale-flow", bind(&b));
	b = to_ring(1);
	filter.node[0].value = 0x0800;
	tried("bind-outside-flow", bind(&b));
	b = to_ring(1);
	b.target = SP_TO_COUNT;
	tried("bind-tap", bind(&b));
	b.target = SP_TO_TEST;
	tried("bind-test", bind(&b));
	b.target = 77;
	tried("bind-target", bind(&b));
	b = to_ring(1);
	b.flags = 0x80;
	tried("bind-flags", bind(&b));
	b = to_ring(1);
	b.env = app_info()->env[0].id;
	tried("bind-for-agent", bind(&b));
	b = to_ring(1);
	b.flags = SP_BIND_REPLACE;
	b.replaces = 0x12345;
	tried("replace-nothing", bind(&b));
	for (uint32_t i = 0; i < SP_MAX_BINDINGS; i++)
		if (app_info()->binding[i].id != 0)
			b.replaces = app_info()->binding[i].id;
	tried("replace-others", bind(&b));
	tried("unbind-others", sys_unbind(APP_CAP_SELF, b.replaces));
	tried("unbind-flow", sys_unbind(APP_CAP_SELF, flow));
	tried("drop-binding", sys_flow_drop(APP_CAP_SELF, b.replaces));
	tried("bind-address", sys_bind(APP_CAP_SELF, (void *)KERNEL_VA));
}

static void
bad_blobs(void)
{
	struct sp_bind b = to_ring(1);

	b.blob_bytes = 0;
	tried("blob-empty", bind(&b));
	b.blob_bytes = DPF_BLOB_MAX + 1;
	tried("blob-long", bind(&b));
	b.blob_bytes = ~0u;
	tried("blob-wrap", bind(&b));
	b = to_ring(1);
	b.blob_bytes--;
	tried("blob-short", bind(&b));
	b = to_ring(1);
	b.blob_va = (uint32_t)KERNEL_VA;
	tried("blob-kernel", bind(&b));
	b.blob_va = 0x7ffffff0;
	tried("blob-top", bind(&b));
	b = to_ring(1);
	filter.node[1].yes = 0;
	tried("blob-loop", bind(&b));
	filter.node[1].yes = DPF_ACCEPT;
	filter.head.nnodes = 0xffff;
	tried("blob-nodes", bind(&b));
	filter.head.nnodes = 2;
	b = to_ring(1);
	b.clash_va = (uint32_t)KERNEL_VA;
	filter.node[0].value = 0x0800;
	tried("clash-kernel", bind(&b));
}

/* --- flows -------------------------------------------------------------------- */

/*
 * Flows inside each other, the outermost somebody else's who is then killed.
 * The inner ones have the lower numbers and must go too: else the next flow gets
 * the middle one's place, and the chain of flows is a circle.
 */
static void
orphan_flows(void)
{
	int32_t child = sys_env_create(APP_CAP_SELF, "orphan-maker-0123456789");
	int32_t inner = derive(flow, 0, 9), middle = derive(flow, 0, 8);
	int32_t outer = derive(flow, (uint32_t)child, 5);

	(void)sys_flow_drop(APP_CAP_SELF, (uint32_t)middle);
	middle = derive((uint32_t)outer, 0, 5);
	(void)sys_flow_drop(APP_CAP_SELF, (uint32_t)inner);
	inner = derive((uint32_t)middle, 0, 5);
	tried("orphan-set-up", inner);
	tried("flow-drop-used", sys_flow_drop(APP_CAP_SELF, (uint32_t)middle));
	tried("flow-outside", derive((uint32_t)inner, 0, 6));
	tried("orphan-kill", sys_env_kill(APP_CAP_SELF, (uint32_t)child));
	middle = derive((uint32_t)inner, 0, 5);
	tried("orphan-parent", middle);
	if (middle > 0)
		(void)derive((uint32_t)middle, 0, 5); /* never comes back */
	tried("orphan-drop", sys_flow_drop(APP_CAP_SELF, (uint32_t)inner));
}

/* --- rings ---------------------------------------------------------------------- */

static void
bad_rings(void)
{
	uint32_t own = ring_get()->id;
	uint32_t pfn = own_pages(SPARE_VA, 3);
	int32_t best = SP_ENOSYS, id;
	struct sp_bind b;

	tried("ring-of-1", sys_ring_create(APP_CAP_SELF, 0, pfn, 1));
	tried("ring-of-34", sys_ring_create(APP_CAP_SELF, 0, pfn, 34));
	tried("ring-wrap", sys_ring_create(APP_CAP_SELF, 0, pfn, ~0u));
	tried("ring-pfn-wrap", sys_ring_create(APP_CAP_SELF, 0, ~0u, 2));
	tried("ring-kernel", sys_ring_create(APP_CAP_SELF, 0, KERNEL_PFN, 2));
	tried("ring-for-agent",
		sys_ring_create(APP_CAP_SELF, app_info()->env[0].id, pfn, 2));
	for (uint32_t i = 0; i < SP_MAX_RINGS * 4; i++) {
		uint32_t guess = (i % SP_MAX_RINGS + 1) | (i / SP_MAX_RINGS + 1)
								  << 8;

		if (guess == own)
			continue;
		b = to_ring(1);
		b.object = guess;
		id = bind(&b);
		best = id > best ? id : best;
		id = sys_ring_destroy(APP_CAP_SELF, guess);
		best = id > best ? id : best;
	}
	tried("ring-others", best);
	id = sys_ring_create(APP_CAP_SELF, 0, pfn, 3);
	tried("ring-own", id);
	best = sys_ring_create(APP_CAP_SELF, 0, pfn, 2);
	tried("ring-same-frames", best);
	tried("ring-free-frames", sys_page_free(APP_CAP_SELF, pfn, 3));
	tried("ring-free-twice", sys_page_free(APP_CAP_SELF, pfn, 3));
	(void)sys_unmap(APP_CAP_SELF, 0, SPARE_VA, 3);
	tried("ring-take-frames", sys_page_alloc(APP_CAP_SELF, 3, 0, pfn));
	b = to_ring(1);
	b.object = (uint32_t)id;
	tried("ring-bind-freed", bind(&b));
	tried("ring-destroy-freed",
		sys_ring_destroy(APP_CAP_SELF, (uint32_t)best));
	id = sys_ring_create(APP_CAP_SELF, 0, pfn, 3);
	b.object = (uint32_t)id;
	best = bind(&b);
	tried("ring-destroy-bound",
		sys_ring_destroy(APP_CAP_SELF, (uint32_t)id));
	(void)sys_unbind(APP_CAP_SELF, (uint32_t)best);
	tried("ring-destroy", sys_ring_destroy(APP_CAP_SELF, (uint32_t)id));
	tried("ring-destroy-twice",
		sys_ring_destroy(APP_CAP_SELF, (uint32_t)id));
	tried("ring-frames-back", sys_page_free(APP_CAP_SELF, pfn, 3));
}

/* --- handlers --------------------------------------------------------------------- */

static uint32_t code[ASH_FIRST_WORD + 4];

static struct sp_ash_code
image(const struct sp_ash *a)
{
	struct sp_ash_code c = {
		.code_va = sys_addr(code),
		.words = ASH_FIRST_WORD + 3,
	};

	code[ASH_FIRST_WORD] = mips_i(MIPS_OP_lui, MIPS_V0, 0, 1);
	code[ASH_FIRST_WORD + 1] = mips_jump(MIPS_OP_j, a->code_base);
	code[ASH_FIRST_WORD + 2] = MIPS_NOP;
	return c;
}

static void
bad_reservations(void)
{
	static const struct sp_ash text = { .code_bits = 8, .data_bits = 12 };
	struct sp_ash a = { .code_bits = 31, .data_bits = 12 };
	uint32_t theirs = 0;

	tried("ash-code-bits", sys_ash_reserve(APP_CAP_SELF, 0, &a));
	a = (struct sp_ash){ .code_bits = 8, .data_bits = 99 };
	tried("ash-data-bits", sys_ash_reserve(APP_CAP_SELF, 0, &a));
	a = (struct sp_ash){ .code_bits = 8, .data_bits = 12, .budget = ~0u };
	tried("ash-budget", sys_ash_reserve(APP_CAP_SELF, 0, &a));
	tried("ash-read-only",
		sys_ash_reserve(APP_CAP_SELF, 0, (void *)(uintptr_t)&text));
	a.budget = 0;
	tried("ash-for-agent",
		sys_ash_reserve(APP_CAP_SELF, app_info()->env[0].id, &a));
	for (uint32_t i = 0; i < SP_MAX_ASHES; i++)
		if (app_info()->ash[i].id != 0)
			theirs = app_info()->ash[i].id;
	tried("ash-remove-others", sys_ash_remove(APP_CAP_SELF, theirs));

	struct sp_ash_code c = image(&a);

	tried("ash-install-others", sys_ash_install(APP_CAP_SELF, theirs, &c));
	tried("ash-install-stale",
		sys_ash_install(APP_CAP_SELF, theirs ^ 0x100, &c));
}

static void
bad_images(uint32_t id, const struct sp_ash *a)
{
	struct sp_ash_code c = image(a);

	c.words = 1u << 30;
	tried("ash-words-wrap", sys_ash_install(APP_CAP_SELF, id, &c));
	c.words = 7;
	tried("ash-words-few", sys_ash_install(APP_CAP_SELF, id, &c));
	c = image(a);
	c.data_bytes = ~0u;
	tried("ash-data-wrap", sys_ash_install(APP_CAP_SELF, id, &c));
	c = image(a);
	c.code_va = (uint32_t)KERNEL_VA;
	tried("ash-code-kernel", sys_ash_install(APP_CAP_SELF, id, &c));
	c = image(a);
	c.report_va = (uint32_t)KERNEL_VA;
	code[ASH_FIRST_WORD] = 0x40806000; /* mtc0 $zero, Status */
	tried("ash-report-kernel", sys_ash_install(APP_CAP_SELF, id, &c));
	c.report_va = 0;
	tried("ash-unsafe", sys_ash_install(APP_CAP_SELF, id, &c));
}

/* A handler that two bindings use could be rewritten under one of them. */
static void
bound_twice(uint32_t id, const struct sp_ash *a)
{
	struct sp_ash_code c = image(a);
	struct sp_bind b = to_ring(3);
	int32_t first, second;

	b.target = SP_TO_ASH;
	b.object = id;
	tried("ash-bind-unready", bind(&b));
	tried("ash-install", sys_ash_install(APP_CAP_SELF, id, &c));
	first = bind(&b);
	tried("ash-bind", first);
	filter.node[1].value = 4;
	tried("ash-bind-twice", bind(&b));
	b.replaces = (uint32_t)first;
	second = bind(&b);
	tried("ash-bind-twice-replaces", second);
	if (second > 0)
		(void)sys_unbind(APP_CAP_SELF, (uint32_t)second);
	code[ASH_FIRST_WORD] = 0x40806000;
	tried("ash-install-bound", sys_ash_install(APP_CAP_SELF, id, &c));
	tried("ash-remove-bound", sys_ash_remove(APP_CAP_SELF, id));
	(void)sys_unbind(APP_CAP_SELF, (uint32_t)first);
}

static void
bad_handlers(void)
{
	struct sp_ash a = { .code_bits = 8, .data_bits = 13, .name = "attack" };
	int32_t id = sys_ash_reserve(APP_CAP_SELF, 0, &a);
	struct sp_map m = { .va = SPARE_VA, .count = 1 };

	tried("ash-reserve", id);
	bad_images((uint32_t)id, &a);
	bound_twice((uint32_t)id, &a);
	m.pfn = a.data_pfn - 1;
	tried("ash-map-dead-zone", sys_map(&m));
	m.pfn = (a.code_base & 0x1fffffff) / SP_PAGE;
	tried("ash-map-code", sys_map(&m));
	m.pfn = a.data_pfn;
	tried("ash-map-data", sys_map(&m));
	tried("ash-remove", sys_ash_remove(APP_CAP_SELF, (uint32_t)id));
	tried("ash-remove-twice", sys_ash_remove(APP_CAP_SELF, (uint32_t)id));
	tried("ash-data-gone", sys_console(1, (void *)SPARE_VA, 1));
	tried("ash-data-back", sys_page_alloc(APP_CAP_SELF, 2, 0, m.pfn));
	(void)sys_page_free(APP_CAP_SELF, m.pfn, 2);
	id = sys_ash_reserve(APP_CAP_SELF, 0, &a);
	m.pfn = a.data_pfn;
	tried("ash-free-data", sys_page_free(APP_CAP_SELF, m.pfn, 2));
	tried("ash-remove-freed", sys_ash_remove(APP_CAP_SELF, (uint32_t)id));
	tried("ash-take-data", sys_page_alloc(APP_CAP_SELF, 2, 0, m.pfn));
	(void)sys_page_free(APP_CAP_SELF, m.pfn, 2);
}

/* --- sending -------------------------------------------------------------------------- */

static uint8_t frame[2048];

static int32_t
send(uint32_t va, uint32_t len, uint32_t n)
{
	struct sp_piece p[SP_GATHER] = { { va, len }, { va, len } };

	return sys_net_send(APP_CAP_SELF, p, n);
}

static void
bad_sends(void)
{
	struct sp_bind b = to_ring(7);
	uint32_t at = sys_addr(frame);
	int32_t id;

	for (uint32_t i = 0; i < 6; i++)
		frame[6 + i] = app_info()->nic.mac[i];
	be16_put(frame + 12, TYPE);
	frame[14] = 7;
	tried("send-unbound", send(at, 60, 1));
	id = bind(&b);
	tried("send", send(at, 60, 1));
	tried("send-none", send(at, 60, 0));
	tried("send-5", send(at, 60, SP_GATHER + 1));
	tried("send-count-wrap", send(at, 60, 0x20000001));
	tried("send-kernel", send((uint32_t)KERNEL_VA, 60, 1));
	tried("send-over-top", send(0x7ffffff0, 60, 1));
	tried("send-wrap", send(at, ~0u, 1));
	tried("send-sum-wrap", send(at, 0x80000000u, 2));
	tried("send-long", send(at, 2047, 1));
	tried("send-short", send(at, 13, 1));
	tried("send-nothing", send(at, 0, 2));
	tried("send-overlapping", send(at, 700, 2));
	tried("send-pieces", sys_net_send(APP_CAP_SELF, (void *)KERNEL_VA, 1));
	tried("send-no-cap", sys_net_send(APP_CAP_CONSOLE, NULL, 1));
	frame[13] ^= 1;
	tried("send-type", send(at, 60, 1));
	frame[13] ^= 1;
	frame[11] ^= 1;
	tried("send-source", send(at, 60, 1));
	frame[11] ^= 1;
	(void)sys_unbind(APP_CAP_SELF, (uint32_t)id);
	tried("send-after-unbind", send(at, 60, 1));
}

/* --- a classifier without room ---------------------------------------------------- */

enum { LONG = 180, PAIRS = 9, FIRST_SUB = 10 };

static struct {
	struct dpf_blob head;
	struct dpf_node node[LONG + 2];
} large;

/* The nodes behind the first two, which are the small filter's, are there. */
static uint32_t
finish_large(uint32_t sub, uint32_t n)
{
	large.head = filter.head;
	large.head.nnodes = (uint16_t)n;
	large.node[0] = filter.node[0];
	large.node[0].value = TYPE;
	large.node[1] = filter.node[1];
	large.node[1].value = sub;
	large.node[1].yes = 2;
	large.node[n - 1].yes = DPF_ACCEPT;
	return sizeof(large.head) + n * sizeof(large.node[0]);
}

/* One path of N tests: to add it takes much working memory. */
static uint32_t
make_long(uint32_t sub, uint32_t n)
{
	for (uint32_t i = 2; i < n + 2; i++)
		large.node[i] = (struct dpf_node){ .op = DPF_EQ,
			.width = 1,
			.off = (uint16_t)(14 + i),
			.yes = (uint16_t)(i + 1),
			.no = DPF_REJECT,
			.mask = 0xff,
			.value = sub };
	return finish_large(sub, n + 2);
}

/* This or that, and this or that ...: few tests, many paths. */
static uint32_t
make_wide(uint32_t sub)
{
	for (uint32_t i = 2; i < 2 * PAIRS + 2; i++)
		large.node[i] = (struct dpf_node){ .op = DPF_EQ,
			.width = 1,
			.off = (uint16_t)(14 + i),
			.yes = (uint16_t)(i / 2 == PAIRS ? DPF_ACCEPT
							 : (i & ~1u) + 2),
			.no = i % 2 == 0 ? (uint16_t)(i + 1) : DPF_REJECT,
			.mask = 0xff,
			.value = 1 };
	return finish_large(sub, 2 * PAIRS + 2);
}

static int32_t
bind_large(uint32_t bytes, uint32_t replaces)
{
	struct sp_bind b = to_ring(0);

	b.blob_va = sys_addr(&large);
	b.blob_bytes = bytes;
	b.flags = replaces != 0 ? SP_BIND_REPLACE : 0;
	b.replaces = replaces;
	return bind(&b);
}

/* What cannot be replaced stays as it is, whatever the attempt took. */
static void
replace_without_room(void)
{
	int32_t first = bind_large(make_long(FIRST_SUB, LONG), 0), last = 0;
	uint32_t n = 0;

	tried("full-first", first);
	while (last >= 0)
		last = bind_large(make_long(FIRST_SUB + ++n, LONG), 0);
	tried("full", last);
	last = bind_large(make_wide(FIRST_SUB), (uint32_t)first);
	tried("full-replace", last);
	tried("full-still-bound", sys_unbind(APP_CAP_SELF, (uint32_t)first));
	for (uint32_t i = 0; i < SP_MAX_BINDINGS; i++)
		if (app_info()->binding[i].owner == (uint32_t)sys_self() &&
			app_info()->binding[i].id != 0)
			(void)sys_unbind(
				APP_CAP_SELF, app_info()->binding[i].id);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	flow = await_flow();
	bad_bindings();
	bad_blobs();
	bad_rings();
	bad_reservations();
	bad_handlers();
	bad_sends();
	orphan_flows();
	replace_without_room();
	tried("done", 0);
	for (;;)
		(void)sys_wait(SP_EVENT_CHILD);
}
