/*
 * env.h - environments: who runs, with what rights, in which address space.
 */
#ifndef KERNEL_CORE_ENV_H
#define KERNEL_CORE_ENV_H

#include "kernel/boot/frame.h"
#include "kernel/core/space.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

struct dpf_filter;
struct tx_rights;

enum { CTX_MAIN, CTX_UPCALL, CTX_COUNT };

struct env {
	uint32_t id; /* slot | generation << 8; 0: free */
	uint32_t slot;
	uint32_t parent;
	struct sp_cap name; /* capabilities that open it dominate this */
	struct sp_cap cap[SP_CAP_SLOTS];
	struct context ctx[CTX_COUNT];
	uint32_t active; /* which context runs next */
	struct space space;
	struct tx_rights *tx; /* what it may send (core/send.c) */
	uint32_t events, wait_mask;
	uint32_t upcall_pc, upcall_sp;
	bool upcall_wanted;
};

/* Exposed with the rest of struct sp_info. */
struct sp_env_info *env_info(const struct env *e);

/* The environment with this ID, alive, or NULL.  0 means the running one. */
struct env *env_find(uint32_t id);
/* Whoever lives in SLOT, or NULL. */
struct env *env_at(uint32_t slot);
struct env *env_current(void);
void env_set_current(struct env *e);

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

/* May E run now? */
bool env_is_runnable(const struct env *e);

#endif /* KERNEL_CORE_ENV_H */
