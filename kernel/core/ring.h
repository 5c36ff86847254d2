/*
 * ring.h - packet rings: frames copied into pages of their owner.
 *
 * Layout and protocol: struct sp_ring in abi.h.  The pages are pinned and
 * reached through kseg0, so delivery can happen in an interrupt.
 */
#ifndef KERNEL_CORE_RING_H
#define KERNEL_CORE_RING_H

#include "kernel/core/env.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

struct ring;

/* PAGES frames from PFN on (control page first), owned by E: for packets, or a
 * tape.  Returns an id, SP_EINVAL, SP_EFULL. */
int ring_create(
	struct env *e, uint32_t pfn, uint32_t pages, bool tape) SP_MUST_CHECK;

/* The ring ID, or NULL. */
struct ring *ring_find(uint32_t id);
struct env *ring_owner(const struct ring *r);
uint32_t ring_slot(const struct ring *r); /* 0..SP_MAX_RINGS - 1 */
bool ring_is_tape(const struct ring *r);

/* Nothing is bound to it any more. */
void ring_destroy(struct ring *r);
void ring_forget_owner(const struct env *e);

/*
 * Take R, or each ring that lies in the frame PFN, from its owner unless it is
 * KEEP: what is bound to it first.  An owner that did not ask for it gets SP_EVENT_REVOKE.  In an
 * interruptible section only (core/sched.h).
 */
void ring_break(struct ring *r);
void ring_break_frame(uint32_t pfn, const struct env *keep);

/* Break the ring of E that has the highest slot; its id, or 0 if E has none. */
uint32_t ring_take(const struct env *e);

/* Copy a frame in and tell the owner; false when the ring is full. */
bool ring_deliver(struct ring *r, const uint8_t *frame, uint32_t len,
	uint32_t binding, bool upcall);

/*
 * Where a record of BYTES goes on tape R, and room for RING_SLACK bytes behind it;
 * NULL, and counted, when the tape is full.  ring_record_done() hands it over.
 */
enum { RING_SLACK = 32 };
struct sp_record *ring_record(struct ring *r, uint32_t bytes);
void ring_record_done(struct ring *r, uint32_t bytes);

#endif /* KERNEL_CORE_RING_H */
