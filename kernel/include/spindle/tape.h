/*
 * spindle/tape.h - where captures (SP_TO_CAPTURE) put frames; a part of abi.h.
 */
#ifndef SP_TAPE_H
#define SP_TAPE_H

#include <stdint.h>

/*
 * A tape is what captures write to: this page, then BYTES of records, one behind
 * the other; ring_create with PAGES | SP_TAPE makes one.  HEAD and TAIL count bytes:
 * a position is one of them % BYTES, which is a power of two.  The kernel appends below head,
 * the owner reads and then moves tail; it looks at head once more before it waits,
 * for SP_EVENT_RING comes when an empty tape gets a record, when one is half full,
 * and now and then while frames find it full.  The kernel believes only tail.
 */
#define SP_TAPE 0x80000000u
enum { SP_TAPE_PAGES = 513 };

struct sp_tape {
	uint32_t head;
	uint32_t bytes;
	uint32_t drops;   /* frames that found the tape full */
	uint32_t id;      /* what bind wants as its object */
	uint32_t time[2]; /* when it was made, as in records */
	uint32_t pad0[10];
	uint32_t tail;
	uint32_t pad1[15];
};

/*
 * One frame; BYTES, a multiple of 4, is how far the next record is.  What ends the
 * tape before a record that begins anew has SP_RECORD_SKIP set and nothing but BYTES.
 * KEPT bytes of the frame begin SP_RECORD_FRAME_AT bytes into the record.  WHO is the
 * binding that takes a received frame, without generation, 0 for nobody, and the
 * environment that sends one.
 */
#define SP_RECORD_SKIP 0x80000000u
enum { SP_RECORD_OUT = 1, SP_RECORD_FRAME_AT = 26, SP_SNAP_MAX = 1518 };

struct sp_record {
	uint32_t bytes;
	uint32_t time[2]; /* CP0 Count that does not wrap, low word first */
	uint32_t who;
	uint16_t flags;   /* SP_RECORD_OUT: it left the machine */
	uint16_t binding; /* the capture, without generation */
	uint16_t len;     /* on the wire */
	uint16_t kept;
};

#endif /* SP_TAPE_H */
