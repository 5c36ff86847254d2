/*
 * handler.c - the kernel's half of safe native code.
 *
 * The verifier (ash/verify.c) decides; this file makes what it decided about
 * true: addresses, header bundles, `break` up to the end of the code region,
 * dead zones beside the data.  boot/ash.S is the way in and out.
 */
#include "kernel/core/handler.h"

#include "ash/ash.h"
#include "dpf/mips.h"
#include "kernel/boot/frame.h"
#include "kernel/console.h"
#include "kernel/core/audit.h"
#include "kernel/core/bind.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/core/pipe.h"
#include "kernel/core/release.h"
#include "kernel/core/sched.h"
#include "kernel/core/send.h"
#include "kernel/core/user.h"
#include "kernel/dev/pcnet.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

enum { DEFAULT_BUDGET = 10000, MAX_BUDGET = 200000 };
enum { REPLY_MIN = 14 }; /* an Ethernet header */

struct handler {
	struct ash_entry entry; /* first: read on the fast path */
	struct sp_ash_info *info;
	struct tx_rights *tx; /* its owner's */
	struct env *owner;
	uint32_t id, generation;
	uint32_t code_pfn, code_pages, data_pfn, data_pages;
	bool ready, writes_frames;
	struct pipes pipes;
};

static struct {
	struct handler handler[SP_MAX_ASHES];
	struct handler *running;
	bool used_timer;
	uint8_t scratch[ASH_SCRATCH << (ASH_CODE_BITS_MAX - 2)];
} ashes;

extern const char ash_exit[], ash_stop_budget[];
extern const char ash_stub_wake[], ash_stub_clock[], ash_stub_upcall[];
extern const char ash_stub_pipe_in[], ash_stub_pipe_out[], ash_stub_send[];

/* The stub of each import, by number. */
static const char *const stubs[] = {
	[ASH_IMPORT_ash_wake] = ash_stub_wake,
	[ASH_IMPORT_ash_clock] = ash_stub_clock,
	[ASH_IMPORT_ash_pipe_in] = ash_stub_pipe_in,
	[ASH_IMPORT_ash_pipe_out] = ash_stub_pipe_out,
	[ASH_IMPORT_ash_send] = ash_stub_send,
	[ASH_IMPORT_ash_upcall] = ash_stub_upcall,
};

static const uint32_t costs[] = {
#define X(name, number, cost) [ASH_IMPORT_##name] = cost,
	ASH_IMPORTS(X)
#undef X
};

enum { IMPORTS = sizeof(stubs) / sizeof(stubs[0]) };

void ash_service_wake(void);
void ash_service_upcall(void);
uint32_t ash_service_clock(void);

void
ash_service_wake(void)
{
	env_post(ashes.running->owner, SP_EVENT_ASH);
}

void
ash_service_upcall(void)
{
	upcall_request(ashes.running->owner);
}

const struct pipes *
handler_running(struct handler_memory *mem)
{
	const struct handler *h = ashes.running;

	mem->base = h->entry.data;
	mem->bytes = 1u << h->info->data_bits;
	mem->tx = h->tx;
	return &h->pipes;
}

struct pipes *
handler_pipes(struct handler *h)
{
	return &h->pipes;
}

uint32_t
ash_service_clock(void)
{
	return cp0_get_count();
}

static uint32_t
pages_of(uint32_t bits)
{
	return bits <= 12 ? 1 : 1u << (bits - 12);
}

static uint32_t
page_bits(uint32_t bits)
{
	return bits <= 12 ? 0 : bits - 12;
}

static struct handler *
find_slot(void)
{
	for (uint32_t i = 0; i < SP_MAX_ASHES; i++)
		if (ashes.handler[i].id == 0)
			return &ashes.handler[i];
	return NULL;
}

static int
reserve_regions(struct handler *h, struct env *e, const struct sp_ash *a)
{
	int code = page_alloc_kernel(
		pages_of(a->code_bits), page_bits(a->code_bits), e->slot + 1);

	if (code < 0)
		return code;

	int data = page_alloc_guarded(pages_of(a->data_bits),
		page_bits(a->data_bits), e->slot + 1, &e->name);

	if (data < 0) {
		page_free_kernel((uint32_t)code, pages_of(a->code_bits));
		return data;
	}
	h->code_pfn = (uint32_t)code;
	h->code_pages = pages_of(a->code_bits);
	h->data_pfn = (uint32_t)data;
	h->data_pages = pages_of(a->data_bits);
	page_pin(h->data_pfn, h->data_pages);
	return SP_OK;
}

static void
tell_places(const struct handler *h, struct sp_ash *a)
{
	a->code_base = (uint32_t)page_kva(h->code_pfn);
	a->data_base = (uint32_t)page_kva(h->data_pfn);
	a->data_pfn = h->data_pfn;
	a->exit = (uint32_t)ash_exit;
	a->abort = (uint32_t)ash_stop_budget;
	memset(a->import_addr, 0, sizeof(a->import_addr));
	for (uint32_t i = 0; i < IMPORTS; i++)
		a->import_addr[i] = (uint32_t)stubs[i];
}

int
handler_reserve(struct env *e, struct sp_ash *a)
{
	if (a->code_bits < ASH_CODE_BITS_MIN ||
		a->code_bits > ASH_CODE_BITS_MAX ||
		a->data_bits < ASH_DATA_BITS_MIN ||
		a->data_bits > ASH_DATA_BITS_MAX || a->budget > MAX_BUDGET)
		return SP_EINVAL;

	struct handler *h = find_slot();

	if (h == NULL)
		return SP_EFULL;

	int err = reserve_regions(h, e, a);

	if (err < 0)
		return err;

	uint32_t slot = (uint32_t)(h - ashes.handler);

	h->generation = (h->generation + 1) & 0xffff;
	h->id = (slot + 1) | h->generation << 8;
	h->owner = e;
	h->tx = e->tx;
	h->ready = false;
	h->info = &info.ash[slot];
	memset(h->info, 0, sizeof(*h->info));
	h->info->id = h->id;
	h->info->owner = e->id;
	h->info->code_bits = a->code_bits;
	h->info->data_bits = a->data_bits;
	h->info->budget = a->budget == 0 ? DEFAULT_BUDGET : a->budget;
	h->info->data_pfn = h->data_pfn;
	info_name(h->info->name, a->name);
	tell_places(h, a);
	return (int)h->id;
}

/* The loader's bundles; nobody else decides where a handler ends. */
static void
write_header(uint32_t *code)
{
	for (uint32_t i = 0; i < ASH_FIRST_WORD; i++)
		code[i] = MIPS_OP_break;
	code[ASH_EXIT_WORD] = mips_jump(MIPS_OP_j, (uint32_t)ash_exit);
	code[ASH_EXIT_WORD + 1] = 0;
	code[ASH_ABORT_WORD] = mips_jump(MIPS_OP_j, (uint32_t)ash_stop_budget);
	code[ASH_ABORT_WORD + 1] = 0;
}

static int
copy_image(struct handler *h, const struct env *caller,
	const struct sp_ash_code *c, uint32_t *code)
{
	uint32_t room = 1u << (h->info->code_bits - 2);

	if (c->words < ASH_FIRST_WORD || c->words > room ||
		c->data_bytes > 1u << h->info->data_bits)
		return SP_EINVAL;

	int err = user_copy_in(caller, code, c->code_va, c->words * 4);

	if (err < 0)
		return err;
	for (uint32_t i = c->words; i < h->code_pages * SP_PAGE / 4; i++)
		code[i] = MIPS_OP_break;
	write_header(code);
	memset(page_kva(h->data_pfn), 0, h->data_pages * SP_PAGE);
	return user_copy_in(
		caller, page_kva(h->data_pfn), c->data_va, c->data_bytes);
}

static void
prepare_entry(struct handler *h)
{
	uint32_t code = (uint32_t)page_kva(h->code_pfn);
	uint32_t data = (uint32_t)page_kva(h->data_pfn);

	h->entry.pc = code + ASH_FIRST_WORD * 4;
	h->entry.ra = code + ASH_EXIT_WORD * 4;
	h->entry.data = data;
	h->entry.sp = data + (1u << h->info->data_bits) - 16;
	h->entry.budget = h->info->budget;
}

int
handler_install(struct handler *h, const struct env *caller,
	const struct sp_ash_code *c, struct sp_ash_report *r)
{
	uint32_t *code = page_kva(h->code_pfn);
	struct ash_params p = {
		.code_base = (uint32_t)code,
		.code_bits = h->info->code_bits,
		.data_bits = h->info->data_bits,
		.granted = c->granted,
	};
	struct ash_report report;

	memset(r, 0, sizeof(*r));
	if (h->info->binding != 0)
		return SP_EBUSY;
	h->ready = false;
	for (uint32_t i = 0; i < IMPORTS; i++) {
		p.import_addr[i] = (uint32_t)stubs[i];
		p.import_cost[i] = costs[i];
	}

	int err = copy_image(h, caller, c, code);

	if (err < 0)
		return err;
	memset(&report, 0, sizeof(report));
	err = ash_verify(code, c->words, &p, ashes.scratch,
		sizeof(ashes.scratch), &report);
	r->rule = report.rule;
	r->word = report.word;
	r->bound = report.bound;
	r->stretch = report.stretch;
	if (err < 0)
		return err;
	icache_sync(code, h->code_pages * SP_PAGE);
	h->writes_frames = report.stores_frame != 0;
	h->info->words = c->words;
	h->info->bound = report.bound;
	h->info->granted = c->granted;
	prepare_entry(h);
	h->ready = true;

	uint32_t status = irq_off(); /* frames post events too */

	env_post(h->owner, SP_EVENT_ASH);
	irq_restore(status);
	return SP_OK;
}

struct handler *
handler_find(uint32_t id)
{
	uint32_t at = (id & 0xff) - 1;

	return at < SP_MAX_ASHES && ashes.handler[at].id == id
		       ? &ashes.handler[at]
		       : NULL;
}

struct env *
handler_owner(const struct handler *h)
{
	return h->owner;
}

bool
handler_is_ready(const struct handler *h)
{
	return h->ready;
}

bool
handler_writes_frames(const struct handler *h)
{
	return h->writes_frames;
}

void
handler_bound(struct handler *h, uint32_t binding)
{
	h->info->binding = binding;
}

uint32_t
handler_binding(const struct handler *h)
{
	return h->info->binding;
}

/* What is left of H are ordinary frames of its owner. */
static void
dissolve(struct handler *h)
{
	h->id = 0;
	h->ready = false;
	h->info->id = 0;
	page_free_kernel(h->code_pfn, h->code_pages);
	pipes_free(&h->pipes);
	page_unpin(h->data_pfn, h->data_pages);
	page_unguard(h->data_pfn, h->data_pages);
}

void
handler_destroy(struct handler *h)
{
	dissolve(h);
	page_release(h->data_pfn, h->data_pages, h->owner->slot + 1);
}

void
handler_break_frame(uint32_t pfn)
{
	for (uint32_t i = 0; i < SP_MAX_ASHES; i++) {
		struct handler *h = &ashes.handler[i];

		if (h->id == 0 || pfn - h->data_pfn >= h->data_pages)
			continue;
		bind_break_handler(h);
		dissolve(h);
		env_notify(h->owner, SP_EVENT_REVOKE);
	}
}

void
handler_forget_owner(const struct env *e)
{
	for (uint32_t i = 0; i < SP_MAX_ASHES; i++)
		if (ashes.handler[i].id != 0 && ashes.handler[i].owner == e)
			handler_destroy(&ashes.handler[i]);
}

/*
 * A handler wrote LEN bytes and nothing is sent or delivered: the slot's next
 * frame may be somebody else's, who must not find what was not received.
 */
static __attribute__((noinline, cold)) void
forget(uint8_t *frame, uint32_t len)
{
	const uint32_t room = PCN_SLOT / 2 - PCN_FRAME_AT;

	memset(frame, 0, len < room ? len : room);
}

/* Stopped: count it, tell the owner, take it off the path. */
static enum handler_result
aborted(struct handler *h, uint32_t why, uint8_t *frame)
{
	static const char *const reason[] = { "none", "budget exhausted",
		"timer", "fault" };

	if (h->writes_frames)
		forget(frame, PCN_SLOT);
	h->info->aborts++;
	h->info->abort_reason = why & 3;
	h->info->abort_pc = cpu.ash_pc;
	h->info->abort_addr = cpu.ash_addr;
	bind_abort(h);
	env_post(h->owner, SP_EVENT_ABORT);
	kprintf("ash %s: aborted, %s, pc %08x\n", h->info->name,
		reason[why & 3], cpu.ash_pc);
	pcn_spend(PCN_RX_COST); /* words take long */
	return HANDLER_ABORTED;
}

/* Nothing was sent: why, and forget what was to be. */
static __attribute__((noinline, cold)) enum handler_result
not_sent(const struct handler *h, uint8_t *frame, uint32_t len)
{
	bool allowed = len - REPLY_MIN <= PCN_FRAME_MAX - REPLY_MIN &&
		       h->tx->code(frame, len, len) != 0;

	forget(frame, len);
	return allowed ? HANDLER_TX_FULL : HANDLER_DENIED;
}

/* What can wait until the doorbell has been rung does. */
static inline enum handler_result
reply(struct handler *h, uint8_t *frame, uint32_t len)
{
	struct tx_rights *t = h->tx;

	if (len - REPLY_MIN > PCN_FRAME_MAX - REPLY_MIN ||
		t->code(frame, len, len) == 0 ||
		pcn_send_slot(&t->sender, frame, len) < 0)
		return not_sent(h, frame, len);
	h->info->replies++;
	return HANDLER_REPLIED;
}

static inline __attribute__((always_inline)) enum handler_result
judge(struct handler *h, uint32_t v, uint8_t *frame)
{
	if (__builtin_expect((v & 0xffff0000u) == ASH_REPLY, 1))
		return reply(h, frame, v & 0xffff);
	switch (v & 0xffff0000u) {
	case ASH_CONSUME:
		return HANDLER_CONSUMED;
	case ASH_STOP_BUDGET & 0xffff0000u:
		return aborted(h, v, frame);
	default:
		h->info->declines++;
		return HANDLER_DECLINED;
	}
}

static enum handler_result
reply_apart(struct handler *h, uint8_t *frame, uint32_t len)
{
	struct tx_rights *t = h->tx;
	uint8_t *head;

	if (len - REPLY_MIN > PCN_FRAME_MAX - REPLY_MIN ||
		t->code(frame, len, len) == 0 || (head = pcn_head()) == NULL)
		return not_sent(h, frame, len);
	memcpy(head, frame, len);
	if (pcn_send(&t->sender, len, NULL, 0) < 0)
		return not_sent(h, frame, len);
	h->info->replies++;
	return HANDLER_REPLIED;
}

enum handler_result
handler_run_apart(struct handler *h, uint8_t *frame, uint32_t len)
{
	enum handler_result r;
	uint32_t v;

	ashes.running = h;
	v = ash_enter(&h->entry, frame, len);
	r = (v & 0xffff0000u) == ASH_REPLY ? reply_apart(h, frame, v & 0xffff)
					   : judge(h, v, frame);
	ashes.used_timer = true;
	h->info->runs++;
	pcn_spend(h->info->bound);
	return r;
}

enum handler_result
handler_run(struct handler *h, uint8_t *frame, uint32_t len)
{
	ashes.running = h;

	uint32_t v = ash_enter(&h->entry, frame, len);
	enum handler_result r = judge(h, v, frame);

	ashes.used_timer = true;
	h->info->runs++;
	pcn_spend(h->info->bound); /* only the timer was heard meanwhile */
	return r;
}

bool
handler_used_timer(void)
{
	bool used = ashes.used_timer;

	ashes.used_timer = false;
	return used;
}

/* --- audit ------------------------------------------------------------------ */

static bool
frame_is(uint32_t pfn, enum sp_frame_kind kind)
{
	const struct sp_frame *f = page_frame(pfn);

	return f != NULL && f->kind == kind;
}

static void
check_regions(const struct handler *h, uint32_t at)
{
	for (uint32_t i = 0; i < h->code_pages; i++)
		if (!frame_is(h->code_pfn + i, SP_FRAME_KERNEL))
			audit_fail("handler %u: code in frame %u", at,
				h->code_pfn + i);
	for (uint32_t i = 0; i < h->data_pages; i++) {
		if (!frame_is(h->data_pfn + i, SP_FRAME_USER))
			audit_fail("handler %u: data in frame %u", at,
				h->data_pfn + i);
		audit_saw_pin(h->data_pfn + i);
	}
	if (!frame_is(h->data_pfn - 1, SP_FRAME_DEAD) ||
		!frame_is(h->data_pfn + h->data_pages, SP_FRAME_DEAD))
		audit_fail("handler %u: no dead zones", at);
	audit_saw_pin(h->data_pfn - 1);
	audit_saw_pin(h->data_pfn + h->data_pages);
}

void
handler_audit(void)
{
	for (uint32_t i = 0; i < SP_MAX_ASHES; i++) {
		const struct handler *h = &ashes.handler[i];

		if (h->id != info.ash[i].id)
			audit_fail("handler %u: id %08x, shown %08x", i, h->id,
				info.ash[i].id);
		if (h->id == 0)
			continue;
		(void)audit_owner(h->owner, "handler", i);
		check_regions(h, i);
	}
}
