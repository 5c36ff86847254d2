/*
 * bind_table.h - the table of flows and bindings; for bind*.c, order.c, receive.c
 * and those who do more with bindings.
 *
 * A slot is an entry's place in the table, in the exposed tables and on the path
 * of frames.  Slots are found by lists (by owner, flow, ring), never by looking
 * at all of them.
 */
#ifndef KERNEL_CORE_BIND_TABLE_H
#define KERNEL_CORE_BIND_TABLE_H

#include "dpf/dpf.h"
#include "kernel/core/env.h"
#include "kernel/core/info.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

struct classifier;
struct handler;
struct ring;

enum bind_kind {
	BIND_FREE,
	BIND_FLOW,
	BIND_TAP,
	BIND_TEST,
	BIND_RING,
	BIND_ASH
};

/*
 * Slots from 1 on are bindings, from SP_MAX_BINDINGS on flows.  A filter's id in
 * its classifier (its path) is its slot; but while it is put in the place of
 * another it is BIND_SPARE, whose entry then tells what it will be.
 */
enum {
	BIND_ENTRIES = SP_MAX_BINDINGS + SP_MAX_FLOWS,
	BIND_SPARE = BIND_ENTRIES,
	BIND_COPIES, /* no entry: frames that shared bindings get copies of */
	BIND_PATHS,
};

/* Lists that an entry is in: of its owner's, of what lies in its flow (if that is
 * not 0), of what gives frames to its ring (if it has one). */
enum bind_list { BIND_BY_OWNER, BIND_BY_FLOW, BIND_BY_RING, BIND_LISTS };

struct bind_edge;
struct shared;

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
	uint32_t snap;     /* a capture keeps that many bytes of a frame */
	uint32_t path;     /* its filter's id: its slot, or BIND_SPARE */
	uint32_t spare_of; /* of BIND_SPARE: the slot it is for; 0: nobody's */
	bool answers; /* its owner sends by bind_answers(), not by a template */
	void *blob;   /* of store.h */
	uint32_t blob_bytes;
	struct dpf_filter filter;
	struct shared *shared;            /* shared.h; NULL: it is not */
	uint32_t shared_path;             /* its id in bind_shared */
	struct bind_edge *beats, *beaten; /* order.c: whom, and by whom */
	struct {
		uint16_t next, prev; /* 0: none */
	} link[BIND_LISTS];
};

extern struct bind_entry bind_table[BIND_PATHS];

/* Does KIND take frames away from others?  Then it has a rank among them. */
static inline bool
bind_is_ranked(enum bind_kind kind)
{
	return kind == BIND_FLOW || kind == BIND_RING || kind == BIND_ASH;
}

/* --- bind_table.c ----------------------------------------------------------- */

void bind_table_init(void);

/* What applications call the entry in SLOT. */
uint32_t bind_id(uint32_t slot);

/* The entry with this ID whose kind is LOW..HIGH, or NULL. */
struct bind_entry *bind_find(
	uint32_t id, enum bind_kind low, enum bind_kind high);

static inline uint32_t
bind_slot(const struct bind_entry *e)
{
	return (uint32_t)(e - bind_table);
}

/* The least free slot for a binding or a flow, or 0. */
uint32_t bind_free_slot(bool flow);

/* The first slot, newest first, of those that E, a flow's slot, a ring have; then
 * next.  0: none. */
uint32_t bind_first_of_owner(const struct env *e);
uint32_t bind_first_in_flow(uint32_t flow);
uint32_t bind_first_to_ring(const struct ring *r);
uint32_t bind_next(uint32_t slot, enum bind_list list);

/* Where PATH's frames are counted. */
static inline struct sp_binding_info *
bind_shown(uint32_t path)
{
	return &info.binding[path == BIND_SPARE ? bind_table[path].spare_of
						: path];
}

/*
 * N, complete but for links and generation, is in SLOT from now on: in lists and
 * exposed tables.  A free slot gets a new id and new counters; otherwise what was
 * there is gone, but its id and counters stay.
 */
void bind_put(
	uint32_t slot, const struct bind_entry *n, const char name[SP_NAME]);

/* SLOT is free from now on. */
void bind_drop(uint32_t slot);

void bind_table_audit(uint32_t slot);

/* --- order.c ---------------------------------------------------------------- */

/*
 * Where N, to be put into SLOT, stands among all bindings and flows.  Returns
 * SP_OK and sets N's rank, or SP_EPERM (not inside its flow), SP_EEXIST (one of
 * the same owner accepts just these frames), SP_EOVERLAP, SP_EUNDECIDED (CLASH
 * then names the other one), SP_ENOMEM.  Ranks of others may have changed even so,
 * but not who of them beats whom.
 */
int bind_order(struct bind_entry *n, uint32_t slot,
	struct sp_clash *clash) SP_MUST_CHECK;

/* Is it certain that what A accepts B accepts?  Interrupts on. */
bool bind_is_inside(const struct dpf_filter *a, const struct dpf_filter *b);

/* What bind_order() found out holds from now on; or is forgotten. */
void bind_order_keep(void);
void bind_order_undo(void);

/* SLOT beats nobody and nobody beats it. */
void bind_order_forget(uint32_t slot);

void bind_order_audit(uint32_t slot);

/* --- receive.c -------------------------------------------------------------- */

/*
 * bind_rx says whose a received frame is; flows are in it, too.  The others say
 * which taps accept a received frame, a sent one.
 */
extern struct classifier bind_rx, bind_taps, bind_sent;

/* run.c: those that judge only frames that lie in memory. */
extern struct classifier bind_tests;

/* Which one N belongs to. */
struct classifier *bind_classifier(const struct bind_entry *n);

/* The bindings that would get a frame, into IDS, which has room for all; how many:
 * one or none but for frames to groups. */
uint32_t bind_whose(
	const uint8_t *frame, uint32_t len, uint32_t wirelen, uint16_t *ids);

/* Frames of PATH go where the entry there says, or nowhere. */
void bind_path_set(uint32_t path);
void bind_path_clear(uint32_t path);
/* Does PATH's handler still get frames? */
bool bind_path_runs(uint32_t path);
/* They go where those of BIND_SPARE go, of which SLOT has become the entry. */
void bind_path_take_spare(uint32_t slot);

/*
 * Who looks at every received frame behind the classifier, which has said that it
 * is ID's (0: nobody's); what LOOK returns takes its place.  Those that look do so
 * in the order of their turns.  Frames cost nothing more while there are none.
 */
enum { WATCH_OWNER, WATCH_TAPS, WATCH_COPIES };

struct bind_watch {
	uint32_t (*look)(const uint8_t *frame, uint32_t len, uint32_t id);
	uint32_t turn;
	struct bind_watch *next;
	bool on;
};
void bind_watch(struct bind_watch *w, bool on);

/* --- capture.c -------------------------------------------------------------- */

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

/* Captures have come or gone. */
void capture_changed(void);

#endif /* KERNEL_CORE_BIND_TABLE_H */
