/*
 * handler.h - ASHs in the kernel: regions, verification, running, stopping.
 */
#ifndef KERNEL_CORE_HANDLER_H
#define KERNEL_CORE_HANDLER_H

#include "kernel/core/env.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

struct handler;
struct pipes;
struct tx_rights;

/* What bind.c does with the frame afterwards. */
enum handler_result {
	HANDLER_DECLINED,
	HANDLER_CONSUMED,
	HANDLER_REPLIED, /* the slot went to the NIC */
	HANDLER_DENIED,  /* the reply matched no template */
	HANDLER_TX_FULL,
	HANDLER_ABORTED,
};

/* Reserve regions for E; fills in A.  Returns an id, or SP_EINVAL, SP_ENOMEM,
 * SP_EFULL. */
int handler_reserve(struct env *e, struct sp_ash *a) SP_MUST_CHECK;

/*
 * Copy the image in from CALLER, verify it, make it ready.  Returns SP_OK,
 * SP_EUNSAFE (R says why), SP_EINVAL, SP_EFAULT or SP_EBUSY (already bound).
 */
int handler_install(struct handler *h, const struct env *caller,
	const struct sp_ash_code *code, struct sp_ash_report *r) SP_MUST_CHECK;

struct handler *handler_find(uint32_t id);
struct env *handler_owner(const struct handler *h);
bool handler_is_ready(const struct handler *h);
bool handler_writes_frames(const struct handler *h);

/* Its lists of pipes; and those of the handler that runs, with the memory it may
 * name. */
struct pipes *handler_pipes(struct handler *h);

struct handler_memory {
	uint32_t base, bytes;
	struct tx_rights *tx;
};
const struct pipes *handler_running(struct handler_memory *mem);

/* BINDING uses it (0: nobody).  A handler serves one binding. */
void handler_bound(struct handler *h, uint32_t binding);
uint32_t handler_binding(const struct handler *h);

/* Regions go back; nothing is bound to it any more. */
void handler_destroy(struct handler *h);
void handler_forget_owner(const struct env *e);

/*
 * Take each handler whose data lies in the frame PFN from its owner: what is
 * bound to it first.  Its other frames stay the owner's, as ordinary ones; an
 * owner that did not ask for it gets SP_EVENT_REVOKE.  In an interruptible
 * section only (core/sched.h).
 */
void handler_break_frame(uint32_t pfn);

/* Run on the frame where it lies; interrupts off. */
enum handler_result handler_run(
	struct handler *h, uint8_t *frame, uint32_t len);

/* The same, but the frame stays: a reply is a copy of it. */
enum handler_result handler_run_apart(
	struct handler *h, uint8_t *frame, uint32_t len);

/* A handler has run since the last call: Compare must be repaired. */
bool handler_used_timer(void);

#endif /* KERNEL_CORE_HANDLER_H */
