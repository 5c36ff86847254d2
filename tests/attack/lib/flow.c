/*
 * flow.c - filters of two atoms, handlers of two instructions.
 */
#include "tests/attack/lib/flow.h"

#include "apps/lib/layout.h"
#include "apps/lib/syscall.h"
#include "dpf/mips.h"

struct type_filter
type_filter(uint32_t type, uint32_t byte14)
{
	struct type_filter f = {
		.head = { .magic = DPF_MAGIC, .nnodes = 2 },
		.node = {
			{ .op = DPF_EQ, .width = 2, .off = 12, .yes = 1,
				.no = DPF_REJECT, .mask = 0xffff,
				.value = type },
			{ .op = DPF_EQ, .width = 1, .off = 14,
				.yes = DPF_ACCEPT, .no = DPF_REJECT,
				.mask = 0xff, .value = byte14 },
		},
	};

	return f;
}

uint32_t
flow_await(void)
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

int32_t
flow_give(uint32_t parent, const struct type_filter *f, uint32_t env)
{
	const struct sp_flow flow = {
		.parent = parent,
		.env = env,
		.blob_va = sys_addr(f),
		.blob_bytes = sizeof(*f),
		.name = "given",
	};

	return sys_flow_derive(APP_CAP_SELF, &flow);
}

struct sp_bind
bind_to(uint32_t flow, const struct type_filter *f, uint32_t env,
	enum sp_target target, uint32_t object)
{
	const struct sp_bind b = {
		.flow = flow,
		.env = env,
		.target = target,
		.object = object,
		.ring = ~0u,
		.blob_va = sys_addr(f),
		.blob_bytes = sizeof(*f),
		.name = "bound",
	};

	return b;
}

struct sp_ash_code
handler_image(uint32_t code[IMAGE_WORDS], const struct sp_ash *a, uint32_t v)
{
	const struct sp_ash_code c = {
		.code_va = sys_addr(code),
		.words = IMAGE_WORDS,
	};

	code[ASH_FIRST_WORD] = mips_i(MIPS_OP_lui, MIPS_V0, 0, (int32_t)v);
	code[ASH_FIRST_WORD + 1] = mips_jump(MIPS_OP_j, a->code_base);
	code[ASH_FIRST_WORD + 2] = MIPS_NOP;
	return c;
}
