/*
 * exception.c - where and how the kernel enters an application.
 *
 * The usual exception never comes here: boot/vectors.S enters the handler from
 * the vector.  What does come: the first look at guaranteed mappings (trap.c),
 * and exceptions that no hardware raises.
 */
#include "kernel/core/exception.h"

#include "kernel/core/audit.h"
#include "kernel/core/page.h"
#include "kernel/core/turn.h"
#include "kernel/core/user.h"
#include "kernel/mips.h"

_Static_assert(sizeof(struct sp_area) <= SP_PAGE, "one page");

/* --- the area ------------------------------------------------------------------ */

static uint32_t
area_pfn(const struct env *e)
{
	return ((uint32_t)e->area - KSEG0) / SP_PAGE;
}

/* E's levels save into AREA, or nowhere. */
static void
use_area(struct env *e, struct sp_area *area)
{
	e->area = area;
	for (uint32_t i = 0; i < SP_LEVELS; i++)
		e->save_of[i] = area == NULL ? &dead_save : &area->save[i];
	e->save = e->save_of[env_level(e)];
	if (e == env_current())
		env_set_current(e); /* the vectors know where */
}

static void
drop_area(struct env *e)
{
	uint32_t pfn = area_pfn(e);

	turn_set(e, 0, 0);
	use_area(e, NULL);
	page_unpin(pfn, 1);
}

/* Does E hold on to something that lies in its area? */
static bool
area_in_use(const struct env *e)
{
	if (env_level(e) != SP_MAIN || e->calling != NULL)
		return true;
	for (uint32_t i = 0; i < SP_LEVELS; i++)
		if ((e->save_of[i]->busy & SP_KERNEL_FIRST) != 0)
			return true;
	return false;
}

/* Every entry is there: a word that was never written asks the kernel. */
static void
fill_entries(struct sp_area *area)
{
	for (uint32_t i = 0; i < SP_LEVELS; i++)
		for (uint32_t k = 0; k < 32; k++)
			if (area->save[i].pc[k] == 0)
				area->save[i].pc[k] = SP_KERNEL_FIRST;
}

/* --- context_set ----------------------------------------------------------------- */

static bool
pc_is_good(uint32_t pc)
{
	return pc % 4 == 0 && pc < KSEG0;
}

/* The area at VA of E in AREA; NULL for none. */
static int
find_area(const struct env *e, uint32_t va, struct sp_area **area)
{
	uint32_t paddr, room;

	*area = NULL;
	if (va == 0)
		return SP_OK;

	int err = user_paddr(e, va, true, &paddr, &room);

	if (err < 0)
		return err;
	if (space_get(&e->space, va) == 0)
		return SP_EFAULT; /* bound, and so may be lost */

	const struct sp_frame *f = page_frame(paddr / SP_PAGE);

	if (f->kind != SP_FRAME_USER || f->owner != e->slot + 1)
		return SP_EPERM;
	*area = (struct sp_area *)(KSEG0 + paddr);
	return SP_OK;
}

static int
check(const struct env *e, const struct sp_context *c, struct sp_area **area)
{
	if (c->area_va % SP_PAGE != 0 || !pc_is_good(c->start_pc) ||
		!pc_is_good(c->end_pc) || !pc_is_good(c->sync_pc) ||
		!pc_is_good(c->async_pc) ||
		(c->start_pc == 0) != (c->end_pc == 0) ||
		(c->start_pc != 0 && c->area_va == 0))
		return SP_EINVAL;

	int err = find_area(e, c->area_va, area);

	if (err == SP_OK && e->area != NULL && *area != e->area &&
		area_in_use(e))
		err = SP_EBUSY;
	return err;
}

/* The key of synchronous calls changes; whatever E does now. */
static void
set_key(struct env *e, uint32_t key)
{
	bool upcall = env_level(e) == SP_UPCALL;
	const struct context *level = upcall ? e->below.ctx : e->ctx;
	bool waits = (upcall ? e->below.calling : e->calling) != NULL;
	uint32_t *open = upcall ? &e->below.open : &e->open;
	uint32_t *saved = upcall ? &e->below.open_saved : &e->open_saved;

	e->key = key;
	if (level == &e->context[SP_MAIN])
		*(waits ? saved : open) = key;
}

int
context_set(struct env *e, const struct sp_context *c)
{
	struct sp_area *area;
	int err = check(e, c, &area);

	if (err < 0)
		return err;
	if (area != e->area) {
		if (e->area != NULL)
			drop_area(e);
		if (area != NULL) {
			use_area(e, area);
			page_pin(area_pfn(e), 1);
		}
	}
	if (area != NULL)
		fill_entries(area);
	turn_set(e, c->start_pc, c->end_pc);
	e->sync_entry = c->sync_pc;
	e->async_entry = c->async_pc;
	for (uint32_t i = 0; i < SP_KEEP; i++)
		e->keep[i] = c->keep[i];
	set_key(e, c->sync_pc == 0 ? 0 : SP_PCT(SP_PCT_CALL, e->id));
	return SP_OK;
}

void
context_break_frame(uint32_t pfn)
{
	for (uint32_t slot = 0; slot < SP_MAX_ENVS; slot++) {
		struct env *e = env_at(slot);

		if (e != NULL && e->area != NULL && area_pfn(e) == pfn)
			drop_area(e);
	}
}

void
context_forget_owner(struct env *e)
{
	if (e->area != NULL)
		drop_area(e);
}

void
context_audit(const struct env *e)
{
	const struct sp_frame *f;

	if (e->area == NULL)
		return;
	f = page_frame(area_pfn(e));
	audit_saw_pin(area_pfn(e));
	if (f == NULL || f->kind != SP_FRAME_USER)
		audit_fail("env %08x: its area is no frame", e->id);
	if (e->save != e->save_of[env_level(e)])
		audit_fail("env %08x: saves where it does not run", e->id);
}

/* --- delivery ---------------------------------------------------------------------- */

int
exception_deliver(
	struct env *e, uint32_t code, uint32_t cause, uint32_t badvaddr)
{
	struct sp_save *s = e->save;

	if (e->calling != NULL)
		return SP_EBUSY;
	if (s == &dead_save)
		return SP_ENOENT;
	if ((s->busy & SP_KERNEL_FIRST) != 0)
		return SP_EBUSY;

	uint32_t pc = s->pc[code] & ~SP_KERNEL_FIRST;

	if (pc == 0)
		return SP_ENOENT;
	turn_unstart(e);
	s->at = e->ctx->reg[1];
	s->epc = e->ctx->epc;
	s->cause = cause;
	s->badvaddr = badvaddr;
	s->busy = (uint32_t)s;
	e->ctx->reg[27] = (uint32_t)s;
	e->ctx->epc = pc;
	return SP_OK;
}
