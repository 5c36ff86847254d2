/*
 * bind_table.h - shared by bind.c, order.c, receive.c and capture.c only.
 */
#ifndef KERNEL_CORE_BIND_TABLE_H
#define KERNEL_CORE_BIND_TABLE_H

#include "dpf/dpf.h"
#include "kernel/core/env.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

struct handler;
struct ring;

enum bind_kind { BIND_FREE, BIND_FLOW, BIND_TAP, BIND_RING, BIND_ASH };

/* Slots 1..255 are bindings, the rest flows; the slot is the filter's id. */
enum {
	BIND_ENTRIES = SP_MAX_BINDINGS + SP_MAX_FLOWS,
	BIND_SPARE, /* no slot: the id of a replacement until it is one */
};

struct bind_entry {
	enum bind_kind kind;
	uint32_t generation;
	struct env *owner;
	uint32_t flow; /* slot of the flow it lies in; 0: all frames */
	struct ring *ring;
	struct handler *handler;
	uint32_t object; /* its ring or handler, by id */
	uint32_t flags;
	int32_t priority;
	uint32_t rank;
	uint32_t snap;       /* a capture keeps that many bytes of a frame */
	uint32_t pfn, pages; /* the blob */
	struct dpf_filter filter;
};

extern struct bind_entry bind_table[BIND_ENTRIES];

/* --- order.c ---------------------------------------------------------------- */

/*
 * Where N, to be put into SLOT, stands among all bindings and flows.  Returns
 * SP_OK and sets N's rank, or SP_EPERM (not inside its flow), SP_EEXIST (one of
 * the same owner accepts just these frames), SP_EOVERLAP, SP_EUNDECIDED; CLASH
 * then names the other one.  Changes nothing that bind_order_restore() does not
 * undo.
 */
int bind_order(struct bind_entry *n, uint32_t slot,
	struct sp_clash *clash) SP_MUST_CHECK;

/* Tell the set the ranks that changed; then either keep or restore. */
void bind_order_apply(uint32_t slot);
void bind_order_restore(void);
void bind_order_forget(uint32_t slot);

/* --- receive.c -------------------------------------------------------------- */

struct classifier {
	struct dpf_set *set;
	uint32_t *code[2]; /* written in turn */
	uint32_t room_words;
	uint32_t side;   /* which one is live */
	uint32_t words;  /* of the last emit */
	uint32_t bound;  /* instructions a frame, likewise */
	uint32_t live;   /* ... of the live half */
	uint32_t *bytes; /* where the size is exposed */
};

extern struct classifier bind_rx, bind_taps, bind_sent;

/*
 * Compile the set into the half that nothing points at.  Returns SP_OK, SP_ENOMEM,
 * or SP_EFULL when a frame might keep interrupts off for too long.
 */
int classifier_emit(struct classifier *c) SP_MUST_CHECK;

/* Make the compiled half live; interrupts off. */
void classifier_swing(struct classifier *c);

/* Make the path of frames for SLOT what bind_table says; or a dead end. */
void bind_path_set(uint32_t slot);
void bind_path_clear(uint32_t slot);

/* --- capture.c -------------------------------------------------------------- */

typedef uint32_t (*tap_code_t)(
	const uint8_t *frame, uint32_t len, uint32_t wirelen, uint16_t *ids);

static inline bool
bind_is_capture(const struct bind_entry *e)
{
	return e->kind == BIND_TAP && e->ring != NULL;
}

/*
 * N is to be a capture as B says; its owner and flags are known.
 * Returns SP_OK and sets its ring and snap, or SP_ENOENT, SP_EPERM (the tape),
 * SP_EINVAL (no tape; its snap length), SP_EFULL (all captures would copy too much
 * of a frame).
 */
int capture_check(struct bind_entry *n, const struct sp_bind *b) SP_MUST_CHECK;

/* E, if it is a capture, is in the table from now on; or not any more. */
void capture_joins(const struct bind_entry *e);
void capture_leaves(const struct bind_entry *e);

/* At most so many instructions a frame, in each direction. */
uint32_t capture_cost(bool out);

/* FRAME was accepted by the taps IDS: count and record it.  Interrupts off. */
void capture_frame(const uint16_t *ids, uint32_t n, const uint8_t *frame,
	uint32_t len, uint32_t flags, uint32_t who);

/* Captures have come or gone; CODE, NULL for none, says who watches what is sent.
 * Interrupts off. */
void capture_changed(tap_code_t sent);

#endif /* KERNEL_CORE_BIND_TABLE_H */
