/*
 * env.h - environments: who runs, with what rights, in which address space.
 */
#ifndef KERNEL_CORE_ENV_H
#define KERNEL_CORE_ENV_H

#include "kernel/boot/frame.h"
#include "kernel/core/space.h"
#include "kernel/mips.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dpf_filter;
struct tx_rights;

/* The level an upcall has interrupted, while it runs. */
struct env_below {
	struct context *ctx;
	struct env *caller, *calling;
	uint32_t ret, open, open_saved;
};

/*
 * An environment; a KiB of the table at ENV_TABLE.  The assembly (boot/) knows
 * everything up to the space's ASID.  It has room until 1024 bytes.
 */
struct env {
	uint32_t id;          /* slot | generation << 8; 0: free */
	uint32_t open;        /* $v0 of the call it would serve now; 0: none */
	struct env *caller;   /* whom it serves, &idle_env for nobody */
	struct env *calling;  /* who serves it, NULL for nobody */
	uint32_t ret;         /* where it goes on when that returns */
	uint32_t open_saved;  /* ... and its OPEN then */
	struct context *ctx;  /* of the active level */
	struct sp_save *save; /* likewise; the dead one when it has none */
	struct sp_save *save_of[SP_LEVELS];
	uint32_t key; /* its OPEN at rest */
	uint32_t sync_entry, async_entry;
	uint32_t turn, turn_key; /* turn.h */
	uint32_t start_pc, start_at;
	struct context context[SP_LEVELS];
	struct space space;

	uint32_t slot;
	uint32_t parent;
	struct sp_cap name; /* capabilities that open it dominate this */
	struct sp_cap cap[SP_CAP_SLOTS];
	struct env_below below;
	struct sp_area *area; /* its page, by kseg0; NULL for none */
	uint32_t end_pc;
	uint32_t overruns;      /* ends of slices in a row that came late */
	bool ending;            /* a slice, in its end-of-slice entry */
	uint32_t keep[SP_KEEP]; /* frames that revocation never takes */
	struct tx_rights *tx;   /* what it may send (core/send.c) */
	uint32_t events, wait_mask;
	uint32_t upcall_pc, upcall_sp;
	bool upcall_wanted;
};

/* Nobody: current when nobody runs, caller of whoever serves nobody. */
extern struct env idle_env;

/* The save area of those without: busy, so that the vectors ask the kernel. */
extern struct sp_save dead_save;

/* An empty table and nobody current; before anything can fault. */
void env_init(void);

/* Exposed with the rest of struct sp_info. */
struct sp_env_info *env_info(const struct env *e);

/* The environment with this ID, alive, or NULL.  0 means the running one. */
struct env *env_find(uint32_t id);
/* Whoever lives in SLOT, or NULL. */
struct env *env_at(uint32_t slot);

static inline struct env *
env_current(void)
{
	struct env *e = (struct env *)cp0_get_errorepc();

	return e == &idle_env ? NULL : e;
}

/* NULL: nobody. */
static inline void
env_set_current(struct env *e)
{
	if (e == NULL)
		e = &idle_env;
	cpu_set_current((uint32_t)e, (uint32_t)e->save, e->space.asid);
}

/* The level that runs next. */
static inline enum sp_level
env_level(const struct env *e)
{
	return e->ctx == &e->context[SP_MAIN]   ? SP_MAIN
	       : e->ctx == &e->context[SP_CALL] ? SP_CALL
						: SP_UPCALL;
}

/* An upcall begins and ends: the level below keeps its place in calls. */
void env_upcall_enter(struct env *e);
void env_upcall_leave(struct env *e);

/* Does the current environment's capability CAP open what OWNER owns? */
bool env_cap_opens(uint32_t cap, const struct env *owner, uint32_t rights);

/* The environment ID if the current one's capability CAP opens it for RIGHTS.
 * Returns SP_OK, SP_ENOENT or SP_EPERM. */
int env_open(uint32_t cap, uint32_t id, uint32_t rights,
	struct env **out) SP_MUST_CHECK;

/* The current environment's capability in slot CAP, or NULL. */
const struct sp_cap *env_cap(uint32_t cap);

/* Does slot CAP open the device named by FIRST (and SECOND for an IRQ)? */
bool env_opens_device(uint32_t cap, uint8_t first, uint8_t second);

/*
 * A new environment named below BY (the root names the first).  Slot 0 of the
 * child holds a capability of its own name.  Returns its id, SP_EFULL or
 * SP_ENOMEM.
 */
int env_create(const struct sp_cap *by, uint32_t parent,
	const char name[SP_NAME]) SP_MUST_CHECK;

/* End E, and first whoever is named below it: every binding, ring, handler,
 * mapping and frame goes.  The running environment may be among them. */
void env_destroy(struct env *e, uint32_t code, uint32_t cause, uint32_t pc,
	uint32_t addr);

/* Post events; wakes E when it waits for one of them. */
void env_post(struct env *e, uint32_t events);

/* The same from an interruptible section, unless E is the running one. */
void env_notify(struct env *e, uint32_t events);

/* Has E a use for slices of its own?  The calls it serves use the caller's. */
bool env_is_runnable(const struct env *e);

/* Has E, which was running, something to go on with? */
static inline bool
env_goes_on(const struct env *e)
{
	return e->ctx != &e->context[SP_MAIN] || env_is_runnable(e);
}

#endif /* KERNEL_CORE_ENV_H */
