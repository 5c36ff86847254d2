/*
 * syscall.c - the system calls: copy in, check, then do.
 *
 * Contracts are in spindle/abi.h.  A call never believes a pointer, a length or
 * a capability; what it must read from the caller it copies once.
 */
#include "kernel/core/syscall.h"

#include "kernel/board.h"
#include "kernel/boot/frame.h"
#include "kernel/console.h"
#include "kernel/core/bind.h"
#include "kernel/core/cap.h"
#include "kernel/core/env.h"
#include "kernel/core/handler.h"
#include "kernel/core/info.h"
#include "kernel/core/irq.h"
#include "kernel/core/page.h"
#include "kernel/core/ring.h"
#include "kernel/core/sched.h"
#include "kernel/core/send.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

enum {
	CONSOLE_MAX = 256, /* bytes a call; the UART is slow */
	MAP_MAX = 256,     /* pages a call */
	ALLOC_MAX = 1024,
};

#define COPY_IN(dst, va) user_copy_in(env_current(), &(dst), va, sizeof(dst))

static int32_t
sys_null(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return 0;
}

int32_t
syscall_bad(void)
{
	return SP_ENOSYS;
}

static int32_t
sys_console(uint32_t cap, uint32_t va, uint32_t len, uint32_t d)
{
	char text[CONSOLE_MAX];

	(void)d;
	if (!env_opens_device(cap, SP_NAME_CONSOLE, 0))
		return SP_EPERM;
	if (len > sizeof(text))
		len = sizeof(text);

	int err = user_copy_in(env_current(), text, va, len);

	if (err < 0)
		return err;
	console_write(text, len);
	return (int32_t)len;
}

static int32_t
sys_self(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return (int32_t)env_current()->id;
}

/* --- calls after which somebody else may run -------------------------------- */

static int32_t
sys_yield(uint32_t id, uint32_t b, uint32_t c, uint32_t d)
{
	struct env *e = env_find(id);

	(void)b;
	(void)c;
	(void)d;
	if (e == NULL)
		return SP_ENOENT;
	cpu.ctx->reg[2] = SP_OK;
	if (id != 0 && env_is_runnable(e))
		sched_run_env(e);
	sched_run();
}

static int32_t
sys_wait(uint32_t mask, uint32_t b, uint32_t c, uint32_t d)
{
	struct env *e = env_current();
	uint32_t now = e->events & mask;

	(void)b;
	(void)c;
	(void)d;
	if (mask == 0 || e->active == CTX_UPCALL)
		return SP_EINVAL;
	if (now != 0) {
		e->events &= ~mask;
		return (int32_t)now;
	}
	e->wait_mask = mask;
	env_info(e)->state = SP_ENV_WAITING;
	sched_ready(e);
	sched_run();
}

static int32_t
sys_exit(uint32_t code, uint32_t b, uint32_t c, uint32_t d)
{
	(void)b;
	(void)c;
	(void)d;
	kernel_interruptible_begin();
	env_destroy(env_current(), code, 0, 0, 0);
	kernel_interruptible_end();
	sched_run();
}

static int32_t
sys_env_kill(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	struct env *e;
	int err = env_open(cap, id, SP_CAP_WRITE, &e);

	(void)c;
	(void)d;
	if (err < 0)
		return err;

	bool self = e == env_current();

	kernel_interruptible_begin();
	env_destroy(e, (uint32_t)SP_EKILLED, 0, 0, 0);
	kernel_interruptible_end();
	if (self)
		sched_run();
	return SP_OK;
}

static int32_t
sys_upcall_done(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	struct env *e = env_current();

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (e->active != CTX_UPCALL)
		return SP_EINVAL;
	e->active = CTX_MAIN;
	sched_ready(e);
	sched_run();
}

/* --- memory ------------------------------------------------------------------ */

static int32_t
sys_page_alloc(uint32_t cap, uint32_t count, uint32_t align, uint32_t want)
{
	const struct sp_cap *c = env_cap(cap);

	if (c == NULL || (c->rights & SP_CAP_WRITE) == 0)
		return SP_EPERM;
	if (count > ALLOC_MAX)
		return SP_EINVAL;

	struct sp_cap name = *c;

	kernel_interruptible_begin();

	int pfn =
		page_alloc(count, align, want, env_current()->slot + 1, &name);

	kernel_interruptible_end();
	return pfn;
}

/* Frames [PFN, PFN + COUNT) that CAP opens and that are in somebody's hands. */
static int
check_frames(uint32_t cap, uint32_t pfn, uint32_t count, uint32_t rights)
{
	const struct sp_cap *c = env_cap(cap);

	if (c == NULL)
		return SP_EPERM;
	for (uint32_t i = 0; i < count; i++) {
		const struct frame *f = page_frame(pfn + i);

		if (f == NULL || f->kind != FRAME_USER)
			return SP_ENOENT;
		if (!cap_opens(c, &f->name, rights))
			return SP_EPERM;
	}
	return SP_OK;
}

static int32_t
sys_page_free(uint32_t cap, uint32_t pfn, uint32_t count, uint32_t d)
{
	(void)d;
	if (count == 0 || count > ALLOC_MAX)
		return SP_EINVAL;

	int err = check_frames(cap, pfn, count, SP_CAP_WRITE);

	if (err < 0)
		return err;
	for (uint32_t i = 0; i < count; i++)
		if (page_frame(pfn + i)->owner != env_current()->slot + 1)
			return SP_EPERM;
	for (uint32_t i = 0; i < count; i++)
		page_disown(pfn + i);
	return SP_OK;
}

/* Is [VA, VA + COUNT pages) where applications may have mappings? */
static bool
range_is_user(uint32_t va, uint32_t count)
{
	return va % SP_PAGE == 0 && count > 0 && count <= MAP_MAX &&
	       va >= SP_USER_BASE && va < SP_USER_TOP &&
	       count <= (SP_USER_TOP - va) / SP_PAGE &&
	       (va + count * SP_PAGE <= SP_INFO_VA ||
		       va >= SP_INFO_VA + INFO_PAGES * SP_PAGE);
}

static int
check_map(const struct sp_map *m)
{
	if (!range_is_user(m->va, m->count) ||
		(m->flags & ~(uint32_t)(SP_MAP_WRITE | SP_MAP_UNCACHED |
					SP_MAP_DEVICE)) != 0)
		return SP_EINVAL;
	if ((m->flags & SP_MAP_DEVICE) == 0)
		return check_frames(m->cap, m->pfn, m->count,
			m->flags & SP_MAP_WRITE ? SP_CAP_READ | SP_CAP_WRITE
						: SP_CAP_READ);
	/* The board's registers, and only with the root capability. */
	if (env_cap(m->cap) == NULL || !cap_is_root(env_cap(m->cap)))
		return SP_EPERM;
	return m->pfn == MALTA_FPGA / SP_PAGE && m->count == 1 ? SP_OK
							       : SP_EINVAL;
}

/* A mapping is gone: let go of the frame behind it. */
static void
unmap_frame(uint32_t lo)
{
	const struct frame *f = page_frame(LO_PFN(lo));

	if ((lo & LO_VALID) != 0 && f != NULL && f->kind == FRAME_USER)
		page_map_put(LO_PFN(lo));
}

static void
do_map(struct env *e, const struct sp_map *m)
{
	uint32_t lo = LO_VALID;

	lo |= m->flags & SP_MAP_WRITE ? LO_DIRTY : 0;
	lo |= m->flags & (SP_MAP_UNCACHED | SP_MAP_DEVICE) ? LO_UNCACHED
							   : LO_CACHED;
	for (uint32_t i = 0; i < m->count; i++) {
		uint32_t va = m->va + i * SP_PAGE;
		uint32_t old = space_clear(&e->space, va);

		if ((m->flags & SP_MAP_DEVICE) == 0)
			page_map_get(m->pfn + i);
		space_set(&e->space, va, (m->pfn + i) << 6 | lo);
		unmap_frame(old);
	}
}

static int32_t
sys_map(uint32_t va, uint32_t b, uint32_t c, uint32_t d)
{
	struct sp_map m;
	struct env *e;
	int err = COPY_IN(m, va);

	(void)b;
	(void)c;
	(void)d;
	if (err == SP_OK)
		err = env_open(m.cap, m.env, SP_CAP_WRITE, &e);
	if (err == SP_OK)
		err = check_map(&m);
	if (err == SP_OK && !space_has_room(&e->space, m.count))
		err = SP_EFULL;
	if (err == SP_OK)
		do_map(e, &m);
	return err;
}

static int32_t
sys_unmap(uint32_t cap, uint32_t id, uint32_t va, uint32_t count)
{
	struct env *e;
	int err = env_open(cap, id, SP_CAP_WRITE, &e);

	if (err < 0)
		return err;
	if (!range_is_user(va, count))
		return SP_EINVAL;
	for (uint32_t i = 0; i < count; i++)
		unmap_frame(space_clear(&e->space, va + i * SP_PAGE));
	return SP_OK;
}

/* --- environments and capabilities ------------------------------------------- */

static int32_t
sys_env_create(uint32_t cap, uint32_t name_va, uint32_t c, uint32_t d)
{
	const struct sp_cap *by = env_cap(cap);
	char name[SP_NAME];
	int err = COPY_IN(name, name_va);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	if (by == NULL || (by->rights & SP_CAP_GRANT) == 0)
		return SP_EPERM;
	kernel_interruptible_begin();
	err = env_create(by, env_current()->id, name);
	kernel_interruptible_end();
	return err;
}

static int32_t
sys_env_start(uint32_t cap, uint32_t id, uint32_t va, uint32_t d)
{
	struct sp_start s;
	struct env *e;
	int err = COPY_IN(s, va);

	(void)d;
	if (err == SP_OK)
		err = env_open(cap, id, SP_CAP_WRITE, &e);
	if (err < 0)
		return err;
	if (env_info(e)->state != SP_ENV_NEW)
		return SP_EBUSY;
	if (s.slices == 0 || s.slices > SP_SLICES)
		return SP_EINVAL;
	if (sched_give(e, s.slices) == 0)
		return SP_EFULL;
	e->ctx[CTX_MAIN].epc = s.pc;
	e->ctx[CTX_MAIN].reg[29] = s.sp;
	e->ctx[CTX_MAIN].reg[4] = s.a0;
	e->ctx[CTX_MAIN].reg[5] = s.a1;
	env_info(e)->state = SP_ENV_RUNNABLE;
	sched_ready(e);
	return SP_OK;
}

static int32_t
sys_cap_grant(uint32_t cap, uint32_t id, uint32_t slot, uint32_t va)
{
	const struct sp_cap *by = env_cap(cap);
	struct sp_cap lower;
	struct env *e;
	int err = COPY_IN(lower, va);

	if (err == SP_OK)
		err = env_open(cap, id, SP_CAP_WRITE, &e);
	if (err < 0)
		return err;
	if (slot >= SP_CAP_SLOTS || lower.len > SP_CAP_NAME ||
		(lower.rights & ~(uint32_t)SP_CAP_ALL) != 0)
		return SP_EINVAL;
	if ((by->rights & SP_CAP_GRANT) == 0 || !cap_dominates(by, &lower))
		return SP_EPERM;
	e->cap[slot] = lower;
	return SP_OK;
}

/* --- filters, rings, sending --------------------------------------------------- */

/* Tell the caller what stood in the way; a bad address is his loss. */
static int
report_clash(uint32_t va, const struct sp_clash *clash, int err)
{
	bool told = err == SP_EOVERLAP || err == SP_EUNDECIDED ||
		    err == SP_EEXIST || err == SP_EPERM;

	if (told && va != 0 &&
		user_copy_out(env_current(), va, clash, sizeof(*clash)) < 0)
		return SP_EFAULT;
	return err;
}

static struct sp_clash clash; /* one system call at a time */

static int32_t
sys_flow_derive(uint32_t cap, uint32_t va, uint32_t c, uint32_t d)
{
	struct sp_flow f;
	int err = COPY_IN(f, va);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	memset(&clash, 0, sizeof(clash));
	return report_clash(f.clash_va, &clash, flow_derive(cap, &f, &clash));
}

static int32_t
sys_flow_drop(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	return flow_drop(cap, id);
}

static int32_t
sys_bind(uint32_t cap, uint32_t va, uint32_t c, uint32_t d)
{
	struct sp_bind b;
	int err = COPY_IN(b, va);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	memset(&clash, 0, sizeof(clash));
	return report_clash(b.clash_va, &clash, bind_create(cap, &b, &clash));
}

static int32_t
sys_unbind(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	return bind_remove(cap, id);
}

static int32_t
sys_ring_create(uint32_t cap, uint32_t id, uint32_t pfn, uint32_t pages)
{
	struct env *e;
	int err = env_open(cap, id, SP_CAP_WRITE, &e);

	if (err < 0)
		return err;
	if (pages > SP_RING_PAGES)
		return SP_EINVAL;
	err = check_frames(cap, pfn, pages, SP_CAP_READ | SP_CAP_WRITE);
	return err < 0 ? err : ring_create(e, pfn, pages);
}

static int32_t
sys_ring_destroy(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	struct ring *r = ring_find(id);
	const struct sp_cap *holder = env_cap(cap);

	(void)c;
	(void)d;
	if (r == NULL)
		return SP_ENOENT;
	if (holder == NULL ||
		!cap_opens(holder, &ring_owner(r)->name, SP_CAP_WRITE))
		return SP_EPERM;
	if (bind_uses(SP_TO_RING, id))
		return SP_EBUSY;
	ring_destroy(r);
	return SP_OK;
}

static int32_t
sys_upcall_set(uint32_t pc, uint32_t sp, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	env_current()->upcall_pc = pc;
	env_current()->upcall_sp = sp;
	return SP_OK;
}

static int32_t
sys_net_send(uint32_t cap, uint32_t va, uint32_t n, uint32_t d)
{
	struct sp_piece piece[SP_GATHER];
	struct env *e = env_current();

	(void)d;
	if (env_cap(cap) == NULL ||
		!cap_opens(env_cap(cap), &e->name, SP_CAP_WRITE))
		return SP_EPERM;
	if (n == 0 || n > SP_GATHER)
		return SP_EINVAL;

	int err = user_copy_in(e, piece, va, n * sizeof(piece[0]));

	return err < 0 ? err : send_gather(e, piece, n);
}

/* --- handlers --------------------------------------------------------------- */

static int32_t
sys_ash_reserve(uint32_t cap, uint32_t id, uint32_t va, uint32_t d)
{
	struct sp_ash a;
	struct env *e;
	int err = COPY_IN(a, va);

	(void)d;
	if (err == SP_OK)
		err = env_open(cap, id, SP_CAP_WRITE, &e);
	if (err < 0)
		return err;
	kernel_interruptible_begin();
	err = handler_reserve(e, &a);
	kernel_interruptible_end();
	if (err > 0 && user_copy_out(env_current(), va, &a, sizeof(a)) < 0) {
		handler_destroy(handler_find((uint32_t)err));
		return SP_EFAULT;
	}
	return err;
}

/* The handler ID if CAP opens its owner. */
static int
open_handler(uint32_t cap, uint32_t id, struct handler **out)
{
	const struct sp_cap *c = env_cap(cap);
	struct handler *h = handler_find(id);

	if (h == NULL)
		return SP_ENOENT;
	if (c == NULL || !cap_opens(c, &handler_owner(h)->name, SP_CAP_WRITE))
		return SP_EPERM;
	*out = h;
	return SP_OK;
}

static int32_t
sys_ash_install(uint32_t cap, uint32_t id, uint32_t va, uint32_t d)
{
	struct sp_ash_code code;
	struct sp_ash_report report;
	struct handler *h;
	int err = COPY_IN(code, va);

	(void)d;
	if (err == SP_OK)
		err = open_handler(cap, id, &h);
	if (err < 0)
		return err;
	kernel_interruptible_begin();
	err = handler_install(h, env_current(), &code, &report);
	kernel_interruptible_end();
	if (code.report_va != 0 && user_copy_out(env_current(), code.report_va,
					   &report, sizeof(report)) < 0)
		return SP_EFAULT;
	return err;
}

static int32_t
sys_ash_remove(uint32_t cap, uint32_t id, uint32_t c, uint32_t d)
{
	struct handler *h;
	int err = open_handler(cap, id, &h);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	if (bind_uses(SP_TO_ASH, id))
		return SP_EBUSY;
	handler_destroy(h);
	return SP_OK;
}

/* --- devices ------------------------------------------------------------------ */

static int32_t
sys_irq_bind(uint32_t cap, uint32_t line, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	if (!env_opens_device(cap, SP_NAME_IRQ, (uint8_t)line))
		return SP_EPERM;
	return irq_bind(env_current(), line);
}

static int32_t
sys_irq_ack(uint32_t cap, uint32_t line, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	if (!env_opens_device(cap, SP_NAME_IRQ, (uint8_t)line))
		return SP_EPERM;
	return irq_ack(env_current(), line);
}

static int32_t
sys_halt(uint32_t cap, uint32_t status, uint32_t c, uint32_t d)
{
	(void)c;
	(void)d;
	if (env_cap(cap) == NULL || !cap_is_root(env_cap(cap)))
		return SP_EPERM;
	kprintf("spindle: halt, status %u\n", status & 0xff);
	board_exit(status & 0xff);
}

static int32_t
sys_filter_run(uint32_t cap, uint32_t va, uint32_t c, uint32_t d)
{
	static uint8_t frame[2 + DPF_MAX_FRAME] __attribute__((aligned(4)));
	static uint16_t ids[SP_MAX_BINDINGS];
	struct sp_run run;
	int err = COPY_IN(run, va);

	(void)c;
	(void)d;
	if (err < 0)
		return err;
	if (!env_opens_device(cap, SP_NAME_NIC, 0))
		return SP_EPERM;
	if (run.len > DPF_MAX_FRAME)
		return SP_EINVAL;
	err = user_copy_in(env_current(), frame + 2, run.frame_va, run.len);
	if (err < 0)
		return err;

	int n = bind_run(&run, frame + 2, ids, SP_MAX_BINDINGS);

	if (n < 0)
		return n;
	if ((uint32_t)n > run.ids_room)
		return SP_EFULL;
	err = user_copy_out(
		env_current(), run.ids_va, ids, (uint32_t)n * sizeof(ids[0]));
	return err < 0 ? err : n;
}

/* --- tables ------------------------------------------------------------------- */

_Static_assert(SYSCALL_COUNT == SP_CALL_COUNT, "boot/vectors.S");

#define PLAIN(name)    [SP_CALL_##name] = sys_##name
#define SWITCHES(name) [SP_CALL_##name] = syscall_switching

const syscall_t syscall_table[SP_CALL_COUNT] = {
	PLAIN(null),
	PLAIN(console),
	PLAIN(self),
	SWITCHES(yield),
	SWITCHES(wait),
	SWITCHES(exit),
	PLAIN(page_alloc),
	PLAIN(page_free),
	PLAIN(map),
	PLAIN(unmap),
	PLAIN(env_create),
	PLAIN(env_start),
	SWITCHES(env_kill),
	PLAIN(cap_grant),
	PLAIN(flow_derive),
	PLAIN(flow_drop),
	PLAIN(bind),
	PLAIN(unbind),
	PLAIN(ring_create),
	PLAIN(ring_destroy),
	PLAIN(upcall_set),
	SWITCHES(upcall_done),
	PLAIN(net_send),
	PLAIN(ash_reserve),
	PLAIN(ash_install),
	PLAIN(ash_remove),
	PLAIN(irq_bind),
	PLAIN(irq_ack),
	PLAIN(halt),
	PLAIN(filter_run),
};

const syscall_t syscall_switching_table[SP_CALL_COUNT] = {
	PLAIN(yield),
	PLAIN(wait),
	PLAIN(exit),
	PLAIN(env_kill),
	PLAIN(upcall_done),
};
