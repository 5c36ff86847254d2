/*
 * env.c - the table of environments, their birth and their end.
 */
#include "kernel/core/env.h"

#include "kernel/core/bind.h"
#include "kernel/core/cap.h"
#include "kernel/core/exception.h"
#include "kernel/core/handler.h"
#include "kernel/core/info.h"
#include "kernel/core/irq.h"
#include "kernel/core/page.h"
#include "kernel/core/pct.h"
#include "kernel/core/predicate.h"
#include "kernel/core/release.h"
#include "kernel/core/revoke.h"
#include "kernel/core/ring.h"
#include "kernel/core/sched.h"
#include "kernel/core/send.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

#include <stddef.h>

_Static_assert(sizeof(struct env) <= ENV_BYTES, "asm");
_Static_assert(1 << SP_MAX_ENVS_LOG2 == SP_MAX_ENVS, "asm");
_Static_assert(LEVEL_CALL == SP_CALL && SP_MAIN == 0, "asm");
_Static_assert(PCT_SEND == SP_PCT(SP_PCT_SEND, 0), "asm");
_Static_assert(PCT_RETURN == SP_PCT(SP_PCT_RETURN, 0), "asm");
_Static_assert(1 << ENV_BYTES_LOG2 == ENV_BYTES, "asm");
_Static_assert(offsetof(struct env, id) == ENV_ID, "asm");
_Static_assert(offsetof(struct env, open) == ENV_OPEN, "asm");
_Static_assert(offsetof(struct env, caller) == ENV_CALLER, "asm");
_Static_assert(offsetof(struct env, calling) == ENV_CALLING, "asm");
_Static_assert(offsetof(struct env, ret) == ENV_RET, "asm");
_Static_assert(offsetof(struct env, open_saved) == ENV_OPEN_SAVED, "asm");
_Static_assert(offsetof(struct env, ctx) == ENV_CTX, "asm");
_Static_assert(offsetof(struct env, save) == ENV_SAVE, "asm");
_Static_assert(offsetof(struct env, save_of) == ENV_SAVE_OF, "asm");
_Static_assert(offsetof(struct env, key) == ENV_KEY, "asm");
_Static_assert(offsetof(struct env, sync_entry) == ENV_SYNC_ENTRY, "asm");
_Static_assert(offsetof(struct env, async_entry) == ENV_ASYNC_ENTRY, "asm");
_Static_assert(offsetof(struct env, turn) == ENV_TURN, "asm");
_Static_assert(offsetof(struct env, turn_key) == ENV_TURN_KEY, "asm");
_Static_assert(offsetof(struct env, start_pc) == ENV_START_PC, "asm");
_Static_assert(offsetof(struct env, start_at) == ENV_START_AT, "asm");
_Static_assert(offsetof(struct env, context) == ENV_CONTEXT, "asm");
_Static_assert(offsetof(struct env, space.asid) == ENV_ASID, "asm");
_Static_assert(offsetof(struct sp_save, at) == SAVE_AT, "asm");
_Static_assert(offsetof(struct sp_save, epc) == SAVE_EPC, "asm");
_Static_assert(offsetof(struct sp_save, cause) == SAVE_CAUSE, "asm");
_Static_assert(offsetof(struct sp_save, badvaddr) == SAVE_BADVADDR, "asm");
_Static_assert(offsetof(struct sp_save, busy) == SAVE_BUSY, "asm");
_Static_assert(offsetof(struct sp_save, pc) == SAVE_PC, "asm");
_Static_assert(sizeof(struct context) == CTX_BYTES, "asm");
_Static_assert(offsetof(struct context, reg[31]) == CTX_REG(31), "asm");
_Static_assert(offsetof(struct context, hi) == CTX_HI, "asm");
_Static_assert(offsetof(struct context, lo) == CTX_LO, "asm");
_Static_assert(offsetof(struct context, epc) == CTX_EPC, "asm");
_Static_assert(offsetof(struct cpu, user_status) == CPU_USER_STATUS, "asm");
_Static_assert(offsetof(struct cpu, idle_status) == CPU_IDLE_STATUS, "asm");
_Static_assert(offsetof(struct cpu, resched) == CPU_RESCHED, "asm");
_Static_assert(offsetof(struct cpu, ready) == CPU_READY, "asm");
_Static_assert(offsetof(struct cpu, ash_active) == CPU_ASH, "asm");
_Static_assert(offsetof(struct cpu, ash_limit) == CPU_ASH_LIMIT, "asm");
_Static_assert(offsetof(struct cpu, ash_pc) == CPU_ASH_PC, "asm");
_Static_assert(offsetof(struct cpu, ash_cause) == CPU_ASH_CAUSE, "asm");
_Static_assert(offsetof(struct cpu, ash_addr) == CPU_ASH_ADDR, "asm");
_Static_assert(offsetof(struct cpu, ash_save) == CPU_ASH_SAVE, "asm");
_Static_assert(offsetof(struct ash_entry, budget) == AE_BUDGET, "asm");

enum { GENERATIONS = 0xffff };

static struct {
	uint16_t generation[SP_MAX_ENVS];
	uint32_t next; /* where the search for a free slot starts */
} table;

struct env idle_env;

struct sp_save dead_save = { .busy = SP_KERNEL_FIRST };

static struct env *
slot_at(uint32_t slot)
{
	return (struct env *)(ENV_TABLE + slot * ENV_BYTES);
}

/* E at rest: no save area, no entry, nobody's callee. */
static void
reset(struct env *e)
{
	memset(e, 0, sizeof(*e));
	e->caller = &idle_env;
	e->ctx = &e->context[SP_MAIN];
	e->save = &dead_save;
	for (uint32_t i = 0; i < SP_LEVELS; i++)
		e->save_of[i] = &dead_save;
}

void
env_init(void)
{
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++)
		reset(slot_at(i));
	reset(&idle_env);
	env_set_current(NULL);
}

struct sp_env_info *
env_info(const struct env *e)
{
	return &info.env[e->slot];
}

struct env *
env_find(uint32_t id)
{
	if (id == 0)
		return env_current();

	struct env *e = slot_at((id & 0xff) % SP_MAX_ENVS);

	return e->id == id ? e : NULL;
}

struct env *
env_at(uint32_t slot)
{
	if (slot >= SP_MAX_ENVS || slot_at(slot)->id == 0)
		return NULL;
	return slot_at(slot);
}

const struct sp_cap *
env_cap(uint32_t cap)
{
	return cap < SP_CAP_SLOTS ? &env_current()->cap[cap] : NULL;
}

bool
env_cap_opens(uint32_t cap, const struct env *owner, uint32_t rights)
{
	const struct sp_cap *c = env_cap(cap);

	return c != NULL && cap_opens(c, &owner->name, rights);
}

int
env_open(uint32_t cap, uint32_t id, uint32_t rights, struct env **out)
{
	struct env *e = env_find(id);

	if (e == NULL)
		return SP_ENOENT;
	if (!env_cap_opens(cap, e, rights))
		return SP_EPERM;
	*out = e;
	return SP_OK;
}

bool
env_opens_device(uint32_t cap, uint8_t first, uint8_t second)
{
	const struct sp_cap *c = env_cap(cap);
	struct sp_cap device = { .len = 2, .name = { first, second } };

	return c != NULL && cap_opens(c, &device, SP_CAP_WRITE);
}

/* A slot that is not in use, oldest first, so that exit codes stay readable. */
static struct env *
find_slot(void)
{
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++) {
		uint32_t slot = (table.next + i) % SP_MAX_ENVS;

		if (slot_at(slot)->id == 0) {
			table.next = slot + 1;
			slot_at(slot)->slot = slot;
			return slot_at(slot);
		}
	}
	return NULL;
}

static void
give_name(struct env *e, const struct sp_cap *by)
{
	uint32_t gen = table.generation[e->slot] % GENERATIONS + 1u;

	table.generation[e->slot] = (uint16_t)gen;
	e->id = e->slot | gen << 8;
	e->name = *by;
	e->name.rights = SP_CAP_ALL;
	e->name.name[e->name.len++] = (uint8_t)(e->slot + 1);
	e->name.name[e->name.len++] = (uint8_t)gen;
	e->name.name[e->name.len++] = (uint8_t)(gen >> 8);
	e->cap[0] = e->name;
}

int
env_create(const struct sp_cap *by, uint32_t parent, const char name[SP_NAME])
{
	bool fits = by->len + CAP_ENV_BYTES <= SP_CAP_NAME;
	struct env *e = fits ? find_slot() : NULL;

	if (e == NULL)
		return SP_EFULL;

	uint32_t slot = e->slot;

	reset(e);
	e->slot = slot;
	memset(env_info(e), 0, sizeof(struct sp_env_info));

	int err = space_init(&e->space, slot + 1);

	if (err < 0)
		return err;
	err = tx_rights_create(e, &e->tx);
	if (err < 0)
		goto destroy_space;
	e->parent = parent;
	give_name(e, by);
	env_info(e)->id = e->id;
	env_info(e)->parent = parent;
	env_info(e)->state = SP_ENV_NEW;
	info_name(env_info(e)->name, name);
	return (int)e->id;
destroy_space:
	space_destroy(&e->space);
	return err;
}

/* Everybody named below E: nothing below can be opened without a capability for
 * E, and its name will be somebody else's one day. */
static void
destroy_below(const struct env *e)
{
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++) {
		struct env *below = slot_at(i);

		if (below->id != 0 && below != e &&
			cap_opens(&e->name, &below->name, 0))
			env_destroy(below, (uint32_t)SP_EKILLED, 0, 0, 0);
	}
}

void
env_destroy(struct env *e, uint32_t code, uint32_t cause, uint32_t pc,
	uint32_t addr)
{
	struct sp_env_info *i = env_info(e);
	struct env *parent = env_find(e->parent);

	i->exit_code = code;
	i->exit_cause = cause;
	i->exit_pc = pc;
	i->exit_addr = addr;
	destroy_below(e);
	cap_forget_env(e);
	bind_forget_owner(e);
	handler_forget_owner(e);
	ring_forget_owner(e);
	predicate_forget_owner(e);
	revoke_forget_owner(e);
	context_forget_owner(e);
	pct_forget(e);
	tx_rights_destroy(e->tx);
	space_destroy(&e->space);
	page_release_all(e->slot + 1);

	/* Interrupts use the same masks and events; until its last binding was
	 * gone they could even make it ready again. */
	uint32_t status = irq_off();

	irq_forget_owner(e);
	sched_remove(e);
	i->state = SP_ENV_DEAD;
	e->id = 0;
	if (env_current() == e)
		env_set_current(NULL);
	if (e->parent != 0 && parent != NULL)
		env_post(parent, SP_EVENT_CHILD);
	irq_restore(status);
}

void
env_post(struct env *e, uint32_t events)
{
	e->events |= events;
	if (env_info(e)->state == SP_ENV_WAITING &&
		(e->events & e->wait_mask) != 0) {
		e->context[SP_MAIN].reg[2] = e->events & e->wait_mask;
		e->events &= ~e->wait_mask;
		env_info(e)->state = SP_ENV_RUNNABLE;
		sched_ready(e);
	}
}

void
env_notify(struct env *e, uint32_t events)
{
	uint32_t status = irq_off(); /* frames post events too */

	if (e != env_current())
		env_post(e, events);
	irq_restore(status);
}

bool
env_is_runnable(const struct env *e)
{
	enum sp_level level = env_level(e);

	return info.env[e->slot].state == SP_ENV_RUNNABLE ||
	       level == SP_UPCALL ||
	       (level == SP_CALL && e->caller == &idle_env);
}

void
env_upcall_enter(struct env *e)
{
	e->below = (struct env_below){ .ctx = e->ctx,
		.caller = e->caller,
		.calling = e->calling,
		.ret = e->ret,
		.open = e->open,
		.open_saved = e->open_saved };
	e->ctx = &e->context[SP_UPCALL];
	e->save = e->save_of[SP_UPCALL];
	e->caller = &idle_env;
	e->calling = NULL;
	e->open = 0;
}

void
env_upcall_leave(struct env *e)
{
	e->ctx = e->below.ctx;
	e->save = e->save_of[env_level(e)];
	e->caller = e->below.caller;
	e->calling = e->below.calling;
	e->ret = e->below.ret;
	e->open = e->below.open;
	e->open_saved = e->below.open_saved;
}
