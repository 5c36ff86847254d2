/*
 * pct.c - what boot/pct.S leaves: refusals, returns to nobody, death.
 */
#include "kernel/core/pct.h"

#include "kernel/core/audit.h"
#include "kernel/core/sched.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

enum { REG_V0 = 2 };

/* Could E begin to serve now? */
static bool
is_at_rest(const struct env *e)
{
	return e->ctx == &e->context[SP_MAIN] && e->calling == NULL;
}

/* Why E's request of KIND to ID was not served: what boot/pct.S asks, too. */
static int
refusal(const struct env *e, uint32_t kind, uint32_t id)
{
	const struct env *to = id == 0 ? NULL : env_find(id);

	if (to == NULL)
		return SP_ENOENT;
	if (to == e)
		return SP_EINVAL;
	if ((kind == SP_PCT_CALL ? to->sync_entry : to->async_entry) == 0)
		return SP_EPERM;
	return SP_EBUSY;
}

/* E's call has ended: it is what it was before. */
static void
leave_call(struct env *e)
{
	e->caller = &idle_env;
	e->ctx = &e->context[SP_MAIN];
	e->save = e->save_of[SP_MAIN];
	e->open = e->key;
}

/* E has ended a call that nobody waits for, or that its caller, which is in an
 * upcall, will see the end of later. */
static void
return_later(struct env *e)
{
	struct env *to = e->caller;

	if (to != &idle_env) {
		*to->below.ctx = *e->ctx;
		to->below.ctx->reg[REG_V0] = SP_OK;
		to->below.ctx->epc = to->below.ret;
		to->below.calling = NULL;
		to->below.open = to->below.open_saved;
	}
	leave_call(e);
	sched_ready(e);
}

/* What is no quick yield (boot/pct.S) is one like any other. */
static const struct context *
yield_from(struct env *e, uint32_t id)
{
	struct env *to = env_find(id);

	if (to != NULL)
		sched_yield(id == 0 ? NULL : to);
	e->ctx->reg[REG_V0] = (uint32_t)SP_ENOENT;
	return e->ctx;
}

const struct context *
pct_slow(uint32_t request)
{
	struct env *e = env_current();
	uint32_t kind = request >> 29 & 3, id = request & 0x1fffffff;
	int err = SP_EINVAL;

	if (kind == SP_PCT_RETURN && env_level(e) == SP_CALL) {
		return_later(e);
		sched_run();
	}
	if (kind == SP_PCT_YIELD)
		return yield_from(e, id);
	if (kind != SP_PCT_RETURN)
		err = refusal(e, kind, id);
	e->ctx->reg[REG_V0] = (uint32_t)err;
	return e->ctx;
}

/* --- death ------------------------------------------------------------------------- */

/* A caller resumes at RET in CTX, its callee is no more. */
static void
fail(struct context *ctx, uint32_t ret)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->reg[REG_V0] = (uint32_t)SP_EKILLED;
	ctx->epc = ret;
}

static void
fail_caller(struct env *caller, const struct env *e)
{
	if (caller->calling == e) {
		fail(caller->ctx, caller->ret);
		caller->calling = NULL;
		caller->open = caller->open_saved;
	} else if (caller->below.calling == e) {
		fail(caller->below.ctx, caller->below.ret);
		caller->below.calling = NULL;
		caller->below.open = caller->below.open_saved;
	}
}

static void
orphan(struct env *callee, const struct env *e)
{
	if (callee == NULL)
		return;
	if (callee->caller == e)
		callee->caller = &idle_env;
	else if (callee->below.caller == e)
		callee->below.caller = &idle_env;
	sched_ready(callee);
}

void
pct_forget(struct env *e)
{
	bool upcall = env_level(e) == SP_UPCALL;
	uint32_t status = irq_off(); /* they make others ready, too */

	e->key = 0;
	e->open = 0;
	e->sync_entry = 0;
	e->async_entry = 0; /* a dead slot's id is 0, which can be named */
	fail_caller(e->caller, e);
	orphan(e->calling, e);
	e->caller = &idle_env;
	e->calling = NULL;
	if (upcall) {
		fail_caller(e->below.caller, e);
		orphan(e->below.calling, e);
		e->below.caller = &idle_env;
		e->below.calling = NULL;
	}
	irq_restore(status);
}

/* --- audit -------------------------------------------------------------------------- */

static bool
serves(const struct env *callee, const struct env *e)
{
	return callee->caller == e ||
	       (env_level(callee) == SP_UPCALL && callee->below.caller == e);
}

static bool
waits_for(const struct env *caller, const struct env *e)
{
	return caller->calling == e ||
	       (env_level(caller) == SP_UPCALL && caller->below.calling == e);
}

static void
audit_links(const struct env *e, const struct env *caller,
	const struct env *calling)
{
	if (caller != &idle_env && audit_owner(caller, "caller", e->slot) &&
		!waits_for(caller, e))
		audit_fail("env %08x: serves %08x, which does not wait", e->id,
			caller->id);
	if (calling != NULL && audit_owner(calling, "callee", e->slot) &&
		!serves(calling, e))
		audit_fail("env %08x: waits for %08x, which does not serve",
			e->id, calling->id);
}

void
pct_audit(const struct env *e)
{
	bool upcall = env_level(e) == SP_UPCALL;
	const struct context *level = upcall ? e->below.ctx : e->ctx;
	const struct env *caller = upcall ? e->below.caller : e->caller;
	const struct env *calling = upcall ? e->below.calling : e->calling;
	bool rests = level == &e->context[SP_MAIN];

	audit_links(e, e->caller, e->calling);
	if (upcall)
		audit_links(e, e->below.caller, e->below.calling);
	if (e->open != 0 && (e->open != e->key || !is_at_rest(e)))
		audit_fail("env %08x: open for calls, but not at rest", e->id);
	if (rests && caller != &idle_env)
		audit_fail("env %08x: serves on its main level", e->id);
	if (rests && calling == NULL && !upcall && e->open != e->key)
		audit_fail("env %08x: at rest and closed", e->id);
}
