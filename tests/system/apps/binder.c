/*
 * binder.c - an application that owns a flow and binds within it by itself.
 *
 * Arguments: UDP ports.  Waits for its flow, binds each port to its own ring and
 * prints "binder: PORT RESULT", RESULT 0 or the kernel's code; then sleeps.
 */
#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/print.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"
#include "dpf/dpf.h"

#include <spindle/bytes.h>

enum { NODES = 4 };

/* IPv4, UDP, no later fragment, this destination port. */
static struct {
	struct dpf_blob head;
	struct dpf_base base;
	struct dpf_node node[NODES];
} filter = {
	.head = { .magic = DPF_MAGIC, .nbases = 1, .nnodes = NODES },
	.base = { .width = 1, .shift = 2, .off = 14, .mask = 0xf },
	.node = {
		{ .op = DPF_EQ, .width = 2, .off = 12, .yes = 1,
			.no = DPF_REJECT, .mask = 0xffff, .value = 0x0800 },
		{ .op = DPF_EQ, .width = 1, .off = 23, .yes = 2,
			.no = DPF_REJECT, .mask = 0xff, .value = 17 },
		{ .op = DPF_EQ, .width = 2, .off = 20, .yes = 3,
			.no = DPF_REJECT, .mask = 0x1fff, .value = 0 },
		{ .op = DPF_EQ, .base = 1, .width = 2, .off = 16,
			.yes = DPF_ACCEPT, .no = DPF_REJECT, .mask = 0xffff },
	},
};

static uint32_t
number(const char *s)
{
	uint32_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	return v;
}

/* The flow that is ours; the agent derives it once we run. */
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

static int
bind_port(uint32_t flow, uint32_t port)
{
	struct sp_bind b = {
		.flow = flow,
		.target = SP_TO_RING,
		.object = ring_get()->id,
		.blob_va = sys_addr(&filter),
		.blob_bytes = sizeof(filter),
		.name = "binder",
	};

	filter.node[NODES - 1].value = port;
	return sys_bind(APP_CAP_SELF, &b);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t flow = await_flow();

	for (uint32_t i = 1; i < a0; i++) {
		uint32_t port = number(app_arg(a1, i));
		int code = bind_port(flow, port);

		print("binder: %u %d\n", port, code < 0 ? code : 0);
	}
	print("binder: root %d\n", bind_port(0, number(app_arg(a1, 1))));
	for (;;)
		(void)sys_wait(SP_EVENT_RING);
}
