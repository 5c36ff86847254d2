/*
 * tape.h - a capture in a running machine: begin it, read its records, end it.
 *
 * The agent has a few slots for captures, each the property of who has its lock
 * (DIR/capture.N.lock); so what a killed tool left is ended by the next.
 */
#ifndef TOOLS_TAPE_H
#define TOOLS_TAPE_H

#include "bindings.h"

struct tape {
	const struct args *a;
	struct session s;
	int lock;
	uint32_t slot;
	struct ag_tape state; /* as the last answer had it */
	uint32_t tail;        /* records before it were handed over */
	int64_t base_ns;      /* of the host's clock when the records' was 0 */
	struct {
		uint32_t who, out;
		uint64_t until_ms;
		char name[SP_NAME];
	} names[64];
	uint8_t answer[AG_MAX_PAYLOAD];
};

/* What somebody wants to see. */
struct tape_wish {
	const struct expr *filter;
	bool in, out;
	uint32_t snap, pages;
};

/* One frame. */
struct tape_frame {
	uint64_t ns; /* since 1970 */
	struct sp_record head;
	const uint8_t *bytes;
};

/* Prints the reason when it cannot; tape_close() is due in any case. */
enum status tape_open(
	const struct args *a, const struct tape_wish *w, struct tape *t);

/*
 * Fetch what waits: FN for each frame, until it says that it wants no more.
 * *MORE: there was as much as one answer holds.  Returns SP_OK or what failed.
 */
typedef bool (*tape_fn)(void *arg, const struct tape_frame *f);
int tape_read(struct tape *t, tape_fn fn, void *arg, bool *more) SP_MUST_CHECK;

/* Let others talk to the machine until the next call. */
void tape_rest(struct tape *t);

/* Who takes the frame, or sent it; "" when nobody is known. */
const char *tape_name(struct tape *t, const struct sp_record *r);

/* No more frames are recorded; those that wait can still be read. */
int tape_stop(struct tape *t) SP_MUST_CHECK;

/* The machine forgets it; false: it does not answer. */
bool tape_close(struct tape *t);

#endif /* TOOLS_TAPE_H */
