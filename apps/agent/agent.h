/*
 * agent.h - the control protocol between the host tool and the agent.
 *
 * Travels over the CBUS UART (a UNIX socket on the host).  A message is
 *
 *	u8 'S', u8 'P', u16 op, u16 tag, u16 bytes, payload, u32 crc
 *
 * little endian; CRC is CRC-32 (IEEE 802.3, reflected) over everything before
 * it.  The host asks, the agent answers with the same tag and op | AG_REPLY; the
 * payload of an answer begins with struct ag_result.  A message with a bad
 * checksum, or of more than AG_MAX_PAYLOAD bytes, is skipped by hunting for the
 * next 'S' 'P'; the host repeats a request that is not answered (AG_TIMEOUT_MS),
 * and the agent answers a repeated tag from memory without doing it twice.  A
 * message that pauses for AG_TIMEOUT_MS / 2 is forgotten by the agent.  What is
 * sent before the agent has started is lost: ping it first.
 */
#ifndef AGENT_H
#define AGENT_H

#include <spindle/abi.h>
#include <stdint.h>

enum {
	AG_VERSION = 1,
	AG_HEAD = 8,
	AG_MAX_PAYLOAD = 4096,
	AG_REPLY = 0x8000,
	AG_TIMEOUT_MS = 2000,
	AG_CHUNK = 3072, /* bytes of an upload in one message */
};

/*
 * Uploads (filters, objects, programs) go to the agent's one staging buffer
 * first: AG_STAGE writes a chunk at an offset; the operation then names how many
 * bytes of the buffer it uses.
 */
enum ag_op {
	AG_PING = 1,       /* - : u32 AG_VERSION */
	AG_STAGE = 2,      /* u32 offset, bytes : - */
	AG_INFO = 3,       /* u32 offset, u32 bytes of struct sp_info : bytes */
	AG_APP_START = 4,  /* struct ag_app (program staged) : u32 env */
	AG_APP_STOP = 5,   /* u32 env : - */
	AG_APP_FIND = 6,   /* name[SP_NAME] : u32 env */
	AG_FILTER_ADD = 7, /* struct ag_filter (blob staged) : u32 binding,
			      or on SP_EOVERLAP / SP_EUNDECIDED struct sp_clash */
	AG_FILTER_DEL = 8, /* name[SP_NAME] : - */
	AG_FILTER_BLOB = 9, /* name[SP_NAME], u32 offset : u32 total, bytes */
	/* struct sp_ash, then the owner's name[SP_NAME] or nothing (the agent)
	 * : struct sp_ash, u32 ash id.  The owner finds the data region at
	 * app_ash_va() and gets SP_EVENT_ASH. */
	AG_ASH_RESERVE = 10,
	AG_ASH_INSTALL = 11, /* struct ag_ash (code then data staged) :
				struct sp_ash_report */
	AG_ASH_REMOVE = 12,  /* name[SP_NAME] : - */
	AG_ASH_CODE = 13,    /* name[SP_NAME], u32 offset : u32 total, bytes */
	AG_HALT = 14,        /* u32 status : answered, then the machine ends */
	/* name[SP_NAME], u32 offset, u32 bytes : bytes of the handler's data
	 * region */
	AG_ASH_STATE = 15,
	/* u32 enum sp_run_set, then frames as filter_run takes them : u32 how
	 * many were judged, u32 CP0 Counts it took, then their verdicts */
	AG_FILTER_RUN = 16,
	/* u32 enum sp_run_set, u32 offset, u32 bytes, u32 CRC-32 of them: the
	 * same for frames in the boot archive's file `frames` */
	AG_FILTER_RUN_FILE = 31,
	AG_FLOW = 17,   /* struct ag_flow (blob staged) : u32 flow, or struct
			 sp_clash as for AG_FILTER_ADD */
	AG_AUDIT = 18,  /* - : u32 0, or 1 and why the kernel's tables disagree
			  as text[SP_AUDIT] */
	AG_REVOKE = 19, /* struct sp_revoke : - */
	AG_CLOCK = 23,  /* - : u32 CP0 Count, for comparison with last_count */
	/* Captures, AG_CAPTURES of them.  One that is not read for
	 * AG_CAPTURE_SECONDS ends by itself. */
	AG_CAPTURE_OPEN = 24, /* struct ag_capture (blob staged): what is in its
				 slot ends : struct ag_tape */
	AG_CAPTURE_READ = 25, /* u32 slot, u32 tail: give back what lies before
				 TAIL : struct ag_tape, then whole records from
				 there on */
	/* u32 slot : u32 the slot to ask from next, 0 if these are all, then struct
	 * sp_binding_info of those in use from there on */
	AG_BINDINGS = 29,
	AG_CAPTURE_STOP = 26, /* u32 slot: no more frames : - */
	AG_CAPTURE_END = 27,  /* u32 slot : - */
	/* u32 ash id, u32 place, u32 words of a list of pipes : - */
	AG_ASH_PIPES = 20,
};

struct ag_result {
	int32_t code;  /* 0 or a negative code of err.h */
	char text[60]; /* why, for people; may be empty */
};

struct ag_app {
	uint32_t bytes; /* of the staged ELF executable */
	uint32_t nargs;
	char name[SP_NAME];
	char args[256]; /* NUL-terminated, one after the other */
	/* Requests may end here. */
	uint32_t slices; /* of the vector; 0: one */
	uint32_t root;   /* 1: it holds the root capability too */
};
enum { AG_APP_LEAST = 288 };

enum ag_to {
	AG_TO_COUNT = 1,
	AG_TO_RING = 2,
	AG_TO_ASH = 3,
	AG_TO_TEST = 5, /* for AG_FILTER_RUN only */
};

struct ag_filter {
	uint32_t bytes; /* of the staged blob */
	uint32_t to;    /* enum ag_to */
	int32_t priority;
	uint32_t flags; /* SP_BIND_SHARED, SP_BIND_FOLLOW, SP_BIND_REPLACE (of
			   the same name) */
	char name[SP_NAME];
	char target[SP_NAME]; /* application or ash; unused for AG_TO_COUNT */
	char ring[SP_NAME];   /* AG_TO_ASH: the application that gets the frames
				 the handler declines, which must be its owner;
				 empty: nobody */
};

/* Frames that belong to an application: it may bind within them by itself. */
struct ag_flow {
	uint32_t bytes; /* of the staged blob */
	char app[SP_NAME];
};

enum { AG_CAPTURES = 4, AG_CAPTURE_SECONDS = 10 };

struct ag_capture {
	uint32_t slot;
	uint32_t bytes;   /* of the staged blob */
	uint32_t in, out; /* not 0: frames that come, frames that leave */
	uint32_t snap;    /* bytes of a frame to keep */
	uint32_t pages;   /* of its tape, a power of two */
	char name[SP_NAME];
};

/* What has happened, and what is waiting.  Times are those of records. */
struct ag_tape {
	uint32_t now[2];
	uint32_t accepted[2], dropped[2]; /* frames that came, that left */
	uint32_t tail;  /* position of the first record below */
	uint32_t head;  /* where records end on the tape */
	uint32_t bytes; /* of the tape */
};

struct ag_ash {
	uint32_t ash; /* id from AG_ASH_RESERVE */
	uint32_t words, data_bytes;
	uint32_t granted;
};

#endif /* AGENT_H */
