/*
 * worker.c - make random system calls until something ends us.
 *
 * What a call gives is remembered, so that later calls name things that exist.
 */
#include "tests/attack/lib/flow.h"
#include "tests/fuzz/syscall/fuzz.h"

enum {
	FRAMES_MAX = 512,  /* more than that is given back */
	DRONE_EVERY = 600, /* calls */
	LEVEL_CALLS = 3,   /* made by an upcall or a protected entry */
	SOME_PAGES = 9,    /* a call takes, mostly */
	MOST_PAGES = 200,
	MOST_EXCEPTIONS = 20,
	RING = SP_RING_PAGES, /* never emptied: so many upcalls, at most */
};

/* A call's arguments; RARE: only one in so many is made, since it ends things. */
struct spec {
	uint8_t kind[4];
	uint16_t rare;
};

static const struct spec specs[SP_CALL_COUNT] = {
	[SP_CALL_console] = { { K_CAP, K_VA, K_LEN } },
	[SP_CALL_yield] = { { K_ENV }, 4 },
	[SP_CALL_wait] = { { K_MASK }, 40 },
	[SP_CALL_exit] = { { K_ANY }, 500 },
	[SP_CALL_page_alloc] = { { K_CAP, K_COUNT, K_ALIGN, K_WANT } },
	[SP_CALL_page_free] = { { K_CAP, K_PFN, K_COUNT } },
	[SP_CALL_map] = { { K_MAP } },
	[SP_CALL_unmap] = { { K_CAP, K_ENV, K_PAGE, K_COUNT } },
	[SP_CALL_env_create] = { { K_CAP, K_NAME }, 8 },
	[SP_CALL_env_start] = { { K_CAP, K_CHILD, K_START } },
	[SP_CALL_env_kill] = { { K_CAP, K_CHILD }, 4 },
	[SP_CALL_cap_grant] = { { K_CAP, K_ENV, K_SLOT, K_CAPVAL } },
	[SP_CALL_flow_derive] = { { K_CAP, K_FLOWDEF }, 4 },
	[SP_CALL_flow_drop] = { { K_CAP, K_FLOW } },
	[SP_CALL_bind] = { { K_CAP, K_BIND }, 4 },
	[SP_CALL_unbind] = { { K_CAP, K_BINDING }, 4 },
	[SP_CALL_ring_create] = { { K_CAP, K_ENV, K_PFN, K_RING_PAGES } },
	[SP_CALL_ring_destroy] = { { K_CAP, K_RING }, 4 },
	[SP_CALL_upcall_set] = { { K_PC, K_ANY } },
	[SP_CALL_net_send] = { { K_CAP, K_PIECES, K_FEW } },
	[SP_CALL_ash_reserve] = { { K_CAP, K_ENV, K_ASHDEF }, 4 },
	[SP_CALL_ash_install] = { { K_CAP, K_ASH, K_ASHCODE } },
	[SP_CALL_ash_remove] = { { K_CAP, K_ASH }, 4 },
	[SP_CALL_irq_bind] = { { K_CAP, K_FEW } },
	[SP_CALL_irq_ack] = { { K_CAP, K_FEW } },
	[SP_CALL_halt] = { { K_CAP, K_ANY } },
	[SP_CALL_filter_run] = { { K_CAP, K_RUN } },
	[SP_CALL_context_set] = { { K_CAP, K_ENV, K_CONTEXT } },
	[SP_CALL_slice_take] = { { K_CAP, K_ENV, K_SLICE } },
	[SP_CALL_slice_free] = { { K_CAP, K_SLICE }, 4 },
	[SP_CALL_sleep_until] = { { K_PREDICATE }, 20 },
	[SP_CALL_tlb_write] = { { K_CAP, K_PAGE, K_PFN, K_MAPFLAGS } },
	[SP_CALL_tlb_delete] = { { K_PAGE, K_COUNT } },
	[SP_CALL_page_acl] = { { K_CAP, K_PFN, K_COUNT, K_ACL } },
	[SP_CALL_revoke] = { { K_CAP, K_REVOKE }, 4 },
	[SP_CALL_cap_revoke] = { { K_CAP, K_CAPVAL }, 8 },
	[SP_CALL_audit] = { { K_CAP, K_VA, K_LEN } },
};

static struct worker_stats *mine;
static uint32_t index_of_mine;
static uint32_t in_a_row; /* exceptions since the last call that returned */

static uint32_t
transfer(void)
{
	uint32_t kind = below(4);
	uint32_t env = one_in(4) ? value_of(K_ANY)
				 : app_info()->env[below(SP_MAX_ENVS)].id;

	return SP_PCT(kind, env & 0x1fffffff);
}

/* Which call, or what is none. */
static uint32_t
choose(void)
{
	uint32_t number = below(SP_CALL_COUNT + 3);

	if (number == SP_CALL_COUNT)
		return transfer();
	if (number > SP_CALL_COUNT)
		return one_in(2) ? SP_CALL_COUNT + below(100) : rnd();
	return specs[number].rare > 1 && !one_in(specs[number].rare)
		       ? SP_CALL_null
		       : number;
}

static void
make_args(uint32_t number, uint32_t args[4])
{
	static const struct spec any;
	const struct spec *s = number < SP_CALL_COUNT ? &specs[number] : &any;

	for (int i = 0; i < 4; i++)
		args[i] = value_of(one_in(24) ? K_ANY : (enum kind)s->kind[i]);
	switch (number) {
	case SP_CALL_page_free:
		if (one_in(2))
			(void)random_frames(&args[1], &args[2]);
		break;
	case SP_CALL_page_alloc: /* memory is for all */
		if (args[1] <= 1024)
			args[1] %= one_in(8) ? MOST_PAGES : SOME_PAGES;
		break;
	case SP_CALL_flow_drop: /* what all else needs */
		if (args[1] == mine->flow && !one_in(32))
			args[1] ^= 0x100;
		break;
	case SP_CALL_upcall_set:
		if (!one_in(4))
			args[0] = (uint32_t)(uintptr_t)fuzz_upcall;
		if (!one_in(4))
			args[1] = sys_addr(fuzz_stack_upcall);
		break;
	case SP_CALL_net_send:
		if (one_in(2))
			args[2] = 1;
		break;
	}
}

static void
remember(uint32_t number, const uint32_t args[4], int32_t result)
{
	uint32_t id = (uint32_t)result;

	switch (number) {
	case SP_CALL_page_alloc:
		own_frames(id, args[1]);
		break;
	case SP_CALL_page_free:
		disown_frames(args[1], args[2]);
		break;
	case SP_CALL_env_create:
		own_id(K_ENV, id);
		break;
	case SP_CALL_flow_derive:
		own_id(K_FLOW, id);
		break;
	case SP_CALL_bind:
		own_id(K_BINDING, id);
		break;
	case SP_CALL_ring_create:
		own_id(K_RING, id);
		break;
	case SP_CALL_ash_reserve:
		own_id(K_ASH, id);
		structs_reserved(args[2]);
		break;
	}
}

/* No call returns this, so some register or table was mistaken for a result. */
static bool
is_odd(int32_t result)
{
	return result < SP_EREVOKED;
}

static int32_t
call(enum sp_level level, uint32_t number, const uint32_t args[4])
{
	return level == SP_MAIN   ? fuzz_call_main(number, args)
	       : level == SP_CALL ? fuzz_call_call(number, args)
				  : fuzz_call_upcall(number, args);
}

static void
judge(enum sp_level level, uint32_t number, int32_t result)
{
	const uint32_t *leak = fuzz_block[level].leak;

	if (result == FUZZ_EXCEPTION) {
		mine->exceptions++;
		if (++in_a_row > MOST_EXCEPTIONS) /* what it needs is gone */
			sys_exit(1);
		return;
	}
	in_a_row = 0;
	if ((int32_t)number < 0) /* whatever the callee said */
		return;
	for (uint32_t i = 0; i < LEAKS; i++)
		if (leak[i] != 0 && mine->leak[i] == 0) {
			mine->leak[i] = leak[i];
			mine->leak_number = number;
		}
	if (is_odd(result) && mine->odd == 0) {
		mine->odd = (uint32_t)result;
		mine->odd_number = number;
	}
}

static void
one_like(enum sp_level level, uint32_t number, const uint32_t args[4])
{
	int32_t result;

	mine->calls++; /* before: exceptions come back behind the call */
	result = call(level, number, args);
	judge(level, number, result);
	if (result < 0 || result == FUZZ_EXCEPTION)
		return;
	if (number < SP_CALL_COUNT) {
		mine->worked[number]++;
		remember(number, args, result);
	} else if ((int32_t)number < 0)
		mine->worked[SP_CALL_COUNT + (number >> 29 & 3)]++;
}

static void
one_call(enum sp_level level)
{
	uint32_t number = choose(), args[4];

	make_args(number, args);
	one_like(level, number, args);
}

static void
give_back(void)
{
	uint32_t args[4] = { APP_CAP_SELF };

	while (frames_owned() > FRAMES_MAX &&
		oldest_frames(&args[1], &args[2])) {
		(void)call(SP_MAIN, SP_CALL_page_free, args);
		disown_frames(args[1], args[2]);
	}
}

void
worker_calls(enum sp_level level, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		one_call(level);
}

void
fuzz_upcalled(void)
{
	mine->upcalls++;
	worker_calls(SP_UPCALL, LEVEL_CALLS);
}

void
fuzz_served(uint32_t caller)
{
	mine->served++;
	if (caller % 2 == 0)
		own_id(K_ENV, caller);
	worker_calls(SP_CALL, LEVEL_CALLS);
}

/* The area's page, with all entries set; before areas exist nothing is there. */
static void
prepare_area(void)
{
	struct sp_area *a = (struct sp_area *)AREA_VA;
	struct sp_map m = { .va = AREA_VA, .count = 1, .flags = SP_MAP_WRITE };
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY);
	void (*const entry[])(void) = { fuzz_exception_main,
		fuzz_exception_call, fuzz_exception_upcall };

	m.pfn = (uint32_t)pfn;
	if (pfn < 0 || sys_map(&m) < 0)
		return;
	for (uint32_t l = 0; l < SP_LEVELS; l++)
		for (uint32_t i = 0; i < ARRAY_LEN(a->save[l].pc); i++)
			a->save[l].pc[i] = (uint32_t)(uintptr_t)entry[l] |
					   (i < 4 ? SP_KERNEL_FIRST : 0);
}

static void
set_context(void)
{
	const struct sp_context c = {
		.area_va = AREA_VA,
		.sync_pc = (uint32_t)(uintptr_t)fuzz_sync,
		.async_pc = (uint32_t)(uintptr_t)fuzz_sync,
	};

	(void)sys_call3(SP_CALL_context_set, APP_CAP_SELF, 0, sys_addr(&c));
}

static void
prepare_handler(const struct type_filter *f)
{
	static uint32_t code[IMAGE_WORDS];
	struct sp_ash a = { .code_bits = 8, .data_bits = 12, .name = "fuzz" };
	int32_t id = sys_ash_reserve(APP_CAP_SELF, 0, &a);
	struct sp_ash_code c = handler_image(code, &a, 1);
	const struct sp_bind b =
		bind_to(mine->flow, f, 0, SP_TO_ASH, (uint32_t)id);

	if (id > 0 && sys_ash_install(APP_CAP_SELF, (uint32_t)id, &c) == SP_OK)
		(void)sys_bind(APP_CAP_SELF, &b);
}

/* A ring with a filter, an upcall for its frames, or a handler: what most calls
 * are about, and what must go when the worker dies. */
static void
prepare_binding(void)
{
	const struct type_filter f = type_filter(TYPE, index_of_mine);
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, RING, 0, PFN_ANY);
	int32_t ring;

	if (pfn < 0)
		return;
	own_frames((uint32_t)pfn, RING);
	ring = sys_ring_create(APP_CAP_SELF, 0, (uint32_t)pfn, RING);
	if (ring < 0)
		return;
	own_id(K_RING, (uint32_t)ring);
	if (one_in(3)) {
		prepare_handler(&f);
		return;
	}

	struct sp_bind b =
		bind_to(mine->flow, &f, 0, SP_TO_RING, (uint32_t)ring);
	int32_t binding;

	b.flags = one_in(2) ? SP_BIND_UPCALL : 0;
	binding = sys_bind(APP_CAP_SELF, &b);
	if (binding > 0)
		own_id(K_BINDING, (uint32_t)binding);
	if (b.flags != 0)
		(void)sys_upcall_set(fuzz_upcall, fuzz_stack_upcall);
}

int
worker_run(uint32_t argument)
{
	index_of_mine = argument % WORKERS;
	mine = &stats()->worker[index_of_mine];
	fuzz_seed(argument + mine->calls * 7919);
	structs_init(index_of_mine, mine->flow);
	for (uint32_t i = 0; i < 4; i++)
		own_id(K_FLOW, mine->flow);
	prepare_area();
	set_context();
	prepare_binding();
	for (;;) {
		worker_calls(SP_MAIN, 1 + below(DRONE_EVERY));
		give_back();
		drone_make();
	}
}
