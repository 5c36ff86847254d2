/*
 * spindle/run.h - installed filters judge frames without a wire; see abi.h.
 */
#ifndef SP_RUN_H
#define SP_RUN_H

#include <stdint.h>

enum sp_run_set {
	SP_RUN_RECEIVE, /* those it would go to; one or none of a unicast */
	SP_RUN_TAPS,
	SP_RUN_TEST, /* bindings to SP_TO_TEST */
};

enum {
	SP_RUN_MOST = 64,      /* frames a call */
	SP_RUN_LONGEST = 2046, /* bytes of a frame */
};

/* Before each frame; behind it padding to a multiple of 4. */
struct sp_run_frame {
	uint32_t wirelen;
	uint32_t len; /* bytes that follow */
};

/*
 * filter_run: the code of SET judges the frames in the buffer, one after the
 * other.  What it says of each is a row of uint16_t: how many bindings accept
 * the frame, then the low halves of their ids, in no particular order.  Returns
 * how many frames were judged: all of them, SP_RUN_MOST, or as many as there was
 * room for verdicts on.
 *	SP_EPERM	CAP does not open the NIC
 *	SP_EINVAL	no such set; no whole frame is left, or it is too long
 *	SP_EFULL	no room for the first verdict
 *	SP_EFAULT	frames, verdicts or this structure
 */
struct sp_run {
	uint32_t set; /* enum sp_run_set */
	uint32_t frames_va, frames_bytes;
	uint32_t verdicts_va, verdicts_bytes;
	uint32_t count; /* out: by how much CP0 Count went on in the code */
};

#endif /* SP_RUN_H */
