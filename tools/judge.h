/*
 * judge.h - frames to installed native code in batches, verdicts back.
 */
#ifndef TOOLS_JUDGE_H
#define TOOLS_JUDGE_H

#include "capture.h"
#include "ctl.h"

struct judge;

/* What the code said of F: the slots (ids without generation) of the N bindings
 * that accept it. */
typedef void (*judge_heard_t)(
	void *arg, const struct frame *f, const uint16_t *ids, size_t n);

/*
 * Frames for the bindings of SET; HEARD is called for each, in order.  PACKED: they
 * are the boot archive's file `frames`, made of the same frames in the same order
 * by judge_pack(), and need not be sent.
 */
struct judge *judge_open(struct ctl *ctl, enum sp_run_set set, bool packed,
	judge_heard_t heard, void *arg);

/* Begin with the first frame of that file again. */
void judge_rewind(struct judge *j);

/* F as it lies in that file; returns how many bytes of OUT were written. */
enum { JUDGE_PACKED = sizeof(struct sp_run_frame) + SP_RUN_LONGEST + 3 };
size_t judge_pack(
	const struct frame *f, uint8_t out[JUDGE_PACKED]) SP_MUST_CHECK;

/*
 * judge_frame - hand in a frame of at most SP_RUN_LONGEST bytes (copied).
 *
 * Its verdict comes during this or a later call, at last judge_flush().  Both
 * return SP_OK or what ctl_call() returns.
 */
int judge_frame(struct judge *j, const struct frame *f) SP_MUST_CHECK;
int judge_flush(struct judge *j) SP_MUST_CHECK;

/* CP0 Counts that the code has run for so far. */
uint64_t judge_counts(const struct judge *j);
void judge_close(struct judge *j);

#endif /* TOOLS_JUDGE_H */
