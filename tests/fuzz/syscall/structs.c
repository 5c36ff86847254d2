/*
 * structs.c - structures that look valid, with random fields, at random places.
 */
#include "apps/lib/mem.h"
#include "ash/ash.h"
#include "dpf/dpf.h"
#include "dpf/mips.h"
#include "tests/attack/lib/spawn.h"
#include "tests/fuzz/syscall/fuzz.h"

enum { NODES = 6, WORDS = ASH_FIRST_WORD + 24, LARGEST = 512 };

static struct sp_cap self_name;
static uint32_t own_index; /* byte 14 of its frames */
static uint32_t own_flow;  /* that the master derived for us */
static uint32_t code_base; /* of the handler that was reserved last */

struct blob {
	struct dpf_blob head;
	struct dpf_node node[NODES];
};

/* Bytes [VA, VA + N) from P, as far as pages are there to hold them. */
static void
put(uint32_t va, const void *p, uint32_t n)
{
	if (va - SCRATCH_VA >= SCRATCH_PAGES * SP_PAGE)
		return;
	if (n > SCRATCH_VA + SCRATCH_PAGES * SP_PAGE - va)
		n = SCRATCH_VA + SCRATCH_PAGES * SP_PAGE - va;
	memcpy((void *)(uintptr_t)va, p, n);
}

static uint32_t
place(const void *p, uint32_t n)
{
	uint32_t va = value_of(K_VA);

	if (!one_in(8))
		va = SCRATCH_VA +
		     (below(SCRATCH_PAGES * SP_PAGE - LARGEST) & ~3u);
	put(va, p, n);
	return va;
}

static void
random_name(char name[SP_NAME])
{
	for (uint32_t i = 0; i < SP_NAME; i++)
		name[i] = (char)('a' + below(26));
	if (!one_in(8))
		name[below(SP_NAME)] = '\0';
}

/* --- filters, inside the worker's flow as often as not ------------------------- */

static uint32_t
make_blob(uint32_t *bytes)
{
	struct blob b;
	uint32_t n = one_in(2) ? 2 : 1 + below(NODES);

	memset(&b, 0, sizeof(b));
	b.head.magic = DPF_MAGIC;
	b.head.nnodes = (uint16_t)n;
	for (uint32_t i = 0; i < n; i++) {
		struct dpf_node *d = &b.node[i];

		d->op = one_in(4) ? DPF_GT : DPF_EQ;
		d->width = 1;
		d->off = (uint16_t)(14 + below(8));
		d->yes = (uint16_t)(i + 1 < n ? i + 1 : DPF_ACCEPT);
		d->no = one_in(4) ? d->yes : DPF_REJECT;
		d->mask = one_in(4) ? rnd() & 0xff : 0xff;
		d->value = rnd() & d->mask & (one_in(2) ? 7 : 0xff);
	}
	if (!one_in(8))
		b.node[0] = (struct dpf_node){ .op = DPF_EQ,
			.width = 2,
			.off = 12,
			.yes = n > 1 ? 1 : DPF_ACCEPT,
			.no = DPF_REJECT,
			.mask = 0xffff,
			.value = TYPE };
	if (n > 1 && !one_in(4)) {
		b.node[1].op = DPF_EQ;
		b.node[1].off = 14;
		b.node[1].no = DPF_REJECT;
		b.node[1].mask = 0xff;
		b.node[1].value = own_index;
	}
	*bytes = sizeof(b.head) + n * sizeof(b.node[0]);
	if (one_in(16))
		((uint8_t *)&b)[below(*bytes)] = (uint8_t)rnd();
	if (one_in(16))
		*bytes = value_of(K_LEN);
	return place(&b, sizeof(b));
}

static uint32_t
flow_or_own(uint32_t flow)
{
	return one_in(4) ? value_of(K_FLOW) : flow;
}

static uint32_t
make_flow(void)
{
	struct sp_flow f = {
		.parent = flow_or_own(own_flow),
		.env = value_of(K_ENV),
		.clash_va = one_in(2) ? value_of(K_VA) : 0,
	};

	f.blob_va = make_blob(&f.blob_bytes);
	random_name(f.name);
	return place(&f, sizeof(f));
}

static uint32_t
make_bind(void)
{
	struct sp_bind b = {
		.flow = flow_or_own(own_flow),
		.env = value_of(K_ENV),
		.target = one_in(8)   ? value_of(K_FEW)
			  : one_in(8) ? SP_TO_CAPTURE
			  : one_in(3) ? SP_TO_ASH
				      : SP_TO_RING,
		.ring = one_in(2)   ? ~0u
			: one_in(4) ? 1 + below(SP_SNAP_MAX)
				    : value_of(K_RING),
		.flags = one_in(4)    ? rnd() & 7
			 : one_in(8)  ? SP_BIND_OUT
			 : one_in(16) ? rnd()
				      : 0,
		.priority = one_in(2) ? (int32_t)rnd() : 0,
		.replaces = one_in(2) ? value_of(K_BINDING) : 0,
		.clash_va = one_in(2) ? value_of(K_VA) : 0,
	};

	b.object = value_of(b.target == SP_TO_ASH ? K_ASH : K_RING);
	b.blob_va = make_blob(&b.blob_bytes);
	random_name(b.name);
	return place(&b, sizeof(b));
}

/* --- handlers -------------------------------------------------------------------- */

static uint32_t
make_ash(void)
{
	struct sp_ash a;

	memset(&a, 0, sizeof(a));
	a.code_bits = one_in(8) ? value_of(K_FEW) : 8 + below(4);
	a.data_bits = one_in(8) ? value_of(K_FEW) : 12 + below(2);
	a.budget = one_in(4) ? value_of(K_LEN) : 0;
	random_name(a.name);
	return place(&a, sizeof(a));
}

/* An image for the last reserved region that returns a verdict at once, sometimes
 * with words that must not be there. */
static uint32_t
make_code(void)
{
	static uint32_t code[WORDS];
	uint32_t words = ASH_FIRST_WORD + 3;
	struct sp_ash_code c = {
		.data_va = value_of(K_VA),
		.data_bytes = one_in(2) ? 0 : value_of(K_LEN),
		.granted = rnd(),
		.report_va = one_in(2) ? value_of(K_VA) : 0,
	};

	code[ASH_FIRST_WORD] = mips_i(MIPS_OP_lui, MIPS_V0, 0, 1);
	code[ASH_FIRST_WORD + 1] = mips_jump(MIPS_OP_j, code_base);
	code[ASH_FIRST_WORD + 2] = MIPS_NOP;
	if (one_in(2))
		for (; words < WORDS; words++)
			code[words] = one_in(4) ? rnd() : MIPS_NOP;
	c.words = one_in(8) ? value_of(K_LEN) : words;
	c.code_va = place(code, words * 4);
	return place(&c, sizeof(c));
}

static uint32_t
make_run(void)
{
	const struct sp_run r = {
		.set = value_of(K_FEW),
		.frames_va = value_of(K_VA),
		.frames_bytes = value_of(K_LEN),
		.verdicts_va = value_of(K_VA),
		.verdicts_bytes = value_of(K_LEN),
	};

	return place(&r, sizeof(r));
}

/* --- memory ------------------------------------------------------------------------ */

static uint32_t
make_map(void)
{
	const struct sp_map m = {
		.cap = value_of(K_CAP),
		.env = value_of(K_ENV),
		.va = value_of(K_PAGE),
		.pfn = value_of(K_PFN),
		.count = one_in(4) ? value_of(K_COUNT) : 1,
		.flags = value_of(K_MAPFLAGS),
	};

	return place(&m, sizeof(m));
}

/* One below our own name, mostly, with rights that we may have. */
static struct sp_cap
capability(void)
{
	struct sp_cap c = self_name;
	uint32_t child = value_of(K_CHILD);

	c.rights = (uint8_t)(one_in(8) ? rnd() : rnd() & SP_CAP_ALL);
	if (one_in(2)) {
		c.name[c.len++ % SP_CAP_NAME] =
			(uint8_t)(child % SP_MAX_ENVS + 1);
		c.name[c.len++ % SP_CAP_NAME] = (uint8_t)(child >> 8);
	}
	if (one_in(8))
		c.len = (uint8_t)(one_in(2) ? rnd() : below(SP_CAP_NAME + 2));
	if (one_in(8))
		c.name[below(SP_CAP_NAME)] = (uint8_t)rnd();
	return c;
}

static uint32_t
make_capability(void)
{
	const struct sp_cap c = capability();

	return place(&c, sizeof(c));
}

static uint32_t
make_acl(void)
{
	struct sp_acl a;

	for (uint32_t i = 0; i < SP_ACL; i++)
		a.entry[i] = capability();
	return place(&a, sizeof(a));
}

static uint32_t
make_pieces(void)
{
	static uint8_t frame[64];
	struct sp_piece p[SP_GATHER];

	for (uint32_t i = 0; i < 6; i++)
		frame[6 + i] = app_info()->nic.mac[i];
	be16_put(frame + 12, TYPE);
	frame[14] = (uint8_t)(one_in(8) ? below(WORKERS) : own_index);
	for (uint32_t i = 0; i < SP_GATHER; i++) {
		p[i].va = value_of(K_VA);
		p[i].len = value_of(K_LEN);
	}
	if (!one_in(4)) {
		p[0].va = place(frame, sizeof(frame));
		p[0].len = sizeof(frame);
	}
	return place(p, sizeof(p));
}

/* --- the CPU ------------------------------------------------------------------------ */

static uint32_t
make_start(void)
{
	const struct sp_start s = {
		.pc = value_of(K_PC),
		.sp = value_of(K_VA),
		.a0 = rnd(),
		.slices = one_in(8) ? value_of(K_FEW) : 1,
	};

	return place(&s, sizeof(s));
}

static uint32_t
make_context(void)
{
	struct sp_context c = {
		.area_va = one_in(4) ? value_of(K_PAGE) : AREA_VA,
		.start_pc = one_in(16) ? value_of(K_PC) : 0,
		.sync_pc = (uint32_t)(uintptr_t)fuzz_sync,
		.async_pc = (uint32_t)(uintptr_t)fuzz_sync,
	};

	if (one_in(3)) {
		c.start_pc = (uint32_t)(uintptr_t)fuzz_start;
		c.end_pc = (uint32_t)(uintptr_t)fuzz_end;
	}
	if (one_in(8))
		c.end_pc = value_of(K_PC);
	if (one_in(8))
		c.sync_pc = value_of(K_PC);
	if (one_in(8))
		c.async_pc = value_of(K_PC);
	for (uint32_t i = 0; i < SP_KEEP; i++)
		c.keep[i] = one_in(2) ? value_of(K_PFN) : 0;
	return place(&c, sizeof(c));
}

static uint32_t
make_predicate(void)
{
	struct sp_predicate p;

	memset(&p, 0, sizeof(p));
	p.n = one_in(8) ? value_of(K_FEW) : 1 + below(SP_TERMS);
	for (uint32_t i = 0; i < SP_TERMS; i++) {
		p.term[i].va = value_of(K_VA);
		p.term[i].op = one_in(8) ? value_of(K_FEW) : below(4);
		p.term[i].value = rnd();
		p.term[i].tag = one_in(8) ? value_of(K_FEW) : 1 + i / 2;
	}
	/* Mostly one that holds soon: the ticks go on. */
	p.term[0].va = one_in(4) ? p.term[0].va
				 : SP_INFO_VA + offsetof(struct sp_info, ticks);
	p.term[0].op = SP_GE;
	p.term[0].value = app_info()->ticks + below(3);
	return place(&p, sizeof(p));
}

static uint32_t
make_revoke(void)
{
	const struct sp_revoke r = {
		.env = value_of(K_ENV),
		.resource =
			one_in(8) ? value_of(K_FEW) : 1 + below(SP_RES_COUNT),
		.count = value_of(K_FEW),
		.ticks = one_in(8) ? value_of(K_LEN) : below(4),
	};

	return place(&r, sizeof(r));
}

static uint32_t
make_name(void)
{
	char name[SP_NAME];

	random_name(name);
	return place(name, sizeof(name));
}

void
structs_init(uint32_t index, uint32_t flow)
{
	own_index = index;
	self_name = own_name(SP_CAP_ALL);
	own_flow = flow;
}

void
structs_reserved(uint32_t va)
{
	const struct sp_ash *a = (const struct sp_ash *)(uintptr_t)va;

	if (va - SCRATCH_VA <= SCRATCH_PAGES * SP_PAGE - sizeof(*a))
		code_base = le32_get((const uint8_t *)&a->code_base);
}

uint32_t
struct_of(enum kind kind)
{
	static uint32_t (*const make[])(void) = {
		[K_NAME] = make_name,
		[K_MAP] = make_map,
		[K_START] = make_start,
		[K_CAPVAL] = make_capability,
		[K_FLOWDEF] = make_flow,
		[K_BIND] = make_bind,
		[K_PIECES] = make_pieces,
		[K_ASHDEF] = make_ash,
		[K_ASHCODE] = make_code,
		[K_RUN] = make_run,
		[K_CONTEXT] = make_context,
		[K_PREDICATE] = make_predicate,
		[K_ACL] = make_acl,
		[K_REVOKE] = make_revoke,
	};

	return make[kind]();
}
