/*
 * spindle/abi.h - everything an application knows of the kernel.
 *
 * System calls: number in $v0, arguments in $a0-$a3, result in $v0 (negative: a
 * code of err.h).  $s0-$s7, $gp, $sp, $fp and $ra survive; every other register
 * is cleared or undefined.  Structures are copied once, then checked.  All
 * integers are little endian; all addresses are user virtual unless named.
 * Applications may read CP0 Count by rdhwr $2; it advances every 6 ns.
 */
#ifndef SP_ABI_H
#define SP_ABI_H

#include <spindle/calls.h>
#include <spindle/context.h>
#include <spindle/run.h>
#include <spindle/tape.h>
#include <stdint.h>

enum {
	SP_PAGE = 4096,
	SP_MAX_ENVS = 32,
	SP_MAX_BINDINGS = 16384,
	SP_MAX_FLOWS = 64,
	SP_MAX_RINGS = 32,
	SP_MAX_ASHES = 64,
	SP_CAP_SLOTS = 16,
	SP_SLICES = 64,      /* entries of the slice vector */
	SP_NAME = 24,        /* bytes of a name, NUL-terminated */
	SP_RING_SLOT = 2048, /* bytes for one frame in a packet ring */
	SP_RING_PAGES = 33,  /* control page and up to 32 data pages */
	SP_GATHER = 4,       /* pieces of one transmitted frame */
	SP_CHECKED_HEAD =
		128, /* bytes of a sent frame that templates may read */
};

/* Where applications live (kuseg). */
#define SP_USER_BASE                                                           \
	0x00400000                /* programs are linked here; pages below it
				    may be mapped too, all but page 0 */
#define SP_USER_TOP    0x7fff0000 /* one past the last one */
#define SP_INFO_VA     0x70000000 /* read-only kernel pages: struct sp_info */
#define SP_FRAMES_VA   0x71000000 /* read-only: struct sp_frame of every pfn */
#define SP_STLB_VA     0x72000000 /* read-only: struct sp_stlb[SP_STLB_SLOTS] */
#define SP_EXPOSED_END 0x73000000
#define SP_STACK_TOP   0x7ffe0000 /* the usual stack ends here */

/* --- capabilities ----------------------------------------------------------
 * A dominates B iff A's name is a prefix of B's and A has B's rights.  The
 * capability of length 0 with all rights is the root (Xok: prefix dominance).
 * cap_grant: CAP must dominate the capability with the right to grant, and open
 * ENV for writing; SP_SLOT_BY(slot, by): BY opens ENV instead.  cap_revoke takes
 * what is at or below the capability.
 */
enum {
	SP_CAP_READ = 1,
	SP_CAP_WRITE = 2,
	SP_CAP_GRANT = 4,
	SP_CAP_ALL = 7,
	SP_CAP_NAME = 10,
};

/*
 * A name is a row of elements, each below the one before it.  An environment is
 * three bytes (slot + 1, generation low, high), appended to the name of the
 * capability that made it; names of the dead open nothing and cannot be granted.
 * Any byte from SP_NAME_LABEL on is a label: whoever holds a name may append
 * labels, so as to grant a part (frames allocated by the longer name).
 * First byte of the names of devices:
 */
enum sp_device_name {
	SP_NAME_LABEL = 0x40,
	SP_NAME_CONSOLE = 0xc0,
	SP_NAME_NIC = 0xc1,
	SP_NAME_IRQ = 0xc2, /* followed by the line's number */
};

#define SP_SLOT_BY(slot, by) ((uint32_t)(slot) | ((uint32_t)(by) + 1) << 8)

struct sp_cap {
	uint8_t rights;
	uint8_t len; /* bytes of name that count, 0..SP_CAP_NAME */
	uint8_t name[SP_CAP_NAME];
};

/* --- memory ---------------------------------------------------------------- */
enum {
	SP_MAP_WRITE = 1,
	SP_MAP_UNCACHED = 2,
	SP_MAP_DEVICE = 4, /* PFN is a device page: needs the root capability */
};

struct sp_map {
	uint32_t cap; /* opens the frames, and ENV for writing */
	uint32_t env; /* 0: this one, which needs no right to itself */
	uint32_t va, pfn, count, flags;
};

struct sp_start {
	uint32_t pc, sp, a0, a1;
	uint32_t slices; /* how many slices of the vector to give it, 1.. */
};

/*
 * tlb_write binds one page for READ (and WRITE, of the frame's capability) where
 * nothing is mapped (else SP_EEXIST).  The binding lasts until its slot of the
 * STLB goes to another pair, or until the frame is freed or narrowed by page_acl;
 * then the next access misses.  System calls find memory that is bound like
 * memory that is mapped; SP_EFAULT: touch it and call again.
 *
 * page_free ends every mapping and binding of the frame in all environments, and
 * every ring, handler, save area, predicate and transmission that uses it.
 */

/* Besides a frame's own name: who may bind it, READ and WRITE only.  Who opens it
 * by its name with GRANT sets it; who is let in no more loses what he has. */
enum { SP_ACL = 2 };

struct sp_acl {
	struct sp_cap entry[SP_ACL]; /* rights 0: nobody */
};

/* page_alloc's last argument: any frame, or one of a cache colour. */
#define SP_PFN_ANY       0xffffffffu
#define SP_PFN_COLOUR(c) (0x80000000u | (c))
enum { SP_COLOURS = 8 };

/* --- exposed tables -----------------------------------------------------------
 * The kernel's own, live, read-only for everybody.
 */
enum sp_frame_kind {
	SP_FRAME_FREE,
	SP_FRAME_KERNEL, /* the kernel's; never mapped for writing */
	SP_FRAME_USER,
	SP_FRAME_DEAD, /* beside handler regions; PINS regions share it */
};

/* One for each page frame of RAM (sp_info.pages_total), at SP_FRAMES_VA. */
struct sp_frame {
	uint8_t kind;
	uint8_t pad0;
	uint16_t owner; /* environment slot + 1; 0: nobody */
	uint16_t maps;  /* guaranteed mappings of it */
	uint16_t pins;  /* rings, handlers, contexts, predicates, DMA */
	uint16_t bound; /* first half of the STLB that maps it, + 1 */
	uint16_t pad1;
	uint32_t hint;      /* the last mapping made: address | slot + 1 */
	struct sp_cap name; /* capabilities that open it dominate this */
	struct sp_acl acl;
};

/*
 * The STLB, at SP_STLB_VA: pairs of pages by address and ASID, direct mapped.
 * LO is a PFN << 6, cacheability << 3 (2: uncached), and the bits below.
 */
enum { SP_STLB_SLOTS = 4096, SP_LO_WRITE = 4, SP_LO_VALID = 2 };

struct sp_stlb {
	uint32_t tag; /* address of the pair | ASID */
	uint32_t lo[2];
	uint32_t pad;
};

/* --- events and rings ------------------------------------------------------ */
enum {
	SP_EVENT_RING = 1,    /* a ring of this environment got a frame */
	SP_EVENT_ASH = 2,     /* a handler called ash_wake(), or is ready */
	SP_EVENT_IRQ = 4,     /* the bound interrupt line was raised */
	SP_EVENT_CHILD = 8,   /* an environment it created has ended */
	SP_EVENT_ABORT = 16,  /* one of its handlers was aborted and unbound */
	SP_EVENT_REVOKE = 32, /* something is wanted back, or was taken */
};

/*
 * A packet ring: this page, then data pages of two slots each.  The kernel
 * writes slot head % slots and then increments head; the owner increments tail.
 * head == tail is empty, head - tail == slots is full (the kernel then drops and
 * counts).  The kernel keeps its own head and believes only tail.
 */
struct sp_ring {
	uint32_t head;
	uint32_t slots;
	uint32_t drops; /* frames that found the ring full */
	uint32_t id;    /* what bind wants as its object */
	uint32_t pad0[12];
	uint32_t tail;
	uint32_t pad1[15];
	struct {
		uint16_t len;     /* bytes in the slot */
		uint16_t binding; /* which binding took it */
		uint32_t count;   /* CP0 Count at arrival */
	} slot[64];
};

/* The frame of slot I starts SP_RING_FRAME_AT bytes into the slot, so that an
 * IP header behind Ethernet is word aligned. */
enum { SP_RING_FRAME_AT = 2 };

struct sp_piece {
	uint32_t va, len;
};

/* --- flows and bindings ----------------------------------------------------
 * A flow is a set of frames that somebody may bind within.  Flow 0, all frames,
 * needs the root capability.
 */
struct sp_flow {
	uint32_t parent;
	uint32_t env;                 /* who owns it; 0: this environment */
	uint32_t blob_va, blob_bytes; /* dpf.h */
	uint32_t clash_va;            /* struct sp_clash, or 0 */
	char name[SP_NAME];
};

/*
 * COUNT and CAPTURE are taps: each frame that they accept is counted, wherever it
 * goes; they need the NIC's capability.  Watching changes nobody's frames.  TEST
 * needs it too: a filter for filter_run, as many and as slow as one likes, that
 * never sees the wire.
 */
enum sp_target {
	SP_TO_RING = 1,
	SP_TO_ASH = 2,
	SP_TO_COUNT = 3,
	SP_TO_CAPTURE = 4, /* recorded on a tape (tape.h) as well */
	SP_TO_TEST = 5,
};

enum {
	SP_BIND_UPCALL = 1, /* upcall the owner for each frame */
	SP_BIND_SHARED = 2, /* group frames: a copy to every shared binding */
	SP_BIND_REPLACE =
		4, /* REPLACES is swapped out atomically; counters stay */
	SP_BIND_OUT = 16, /* taps: frames that leave, not those that come */
	/* Rings: later fragments of datagrams whose first it took, too, but not of
	 * those to a group address.  Other targets: SP_EUNSUPPORTED. */
	SP_BIND_FOLLOW = 32,
};

struct sp_bind {
	uint32_t flow;
	uint32_t env;    /* owner; 0: this environment */
	uint32_t target; /* enum sp_target */
	uint32_t object; /* ring, ash or tape id */
	uint32_t ring; /* ash: where declined frames go; -1: nowhere.  Capture:
			    how many bytes of a frame to keep, 1..SP_SNAP_MAX */
	uint32_t flags;
	int32_t priority; /* among bindings of one owner that overlap */
	uint32_t replaces;
	uint32_t blob_va, blob_bytes;
	uint32_t clash_va; /* struct sp_clash, or 0 */
	char name[SP_NAME];
};

/* Why a flow or binding was refused for overlap. */
struct sp_clash {
	uint32_t relation; /* enum dpf_relation of the new one to the old one */
	uint32_t is_flow;  /* the old one is a flow, else a binding */
	uint32_t id;       /* the old one */
	uint32_t len; /* bytes of an example both would take; 0: none known */
	char name[SP_NAME];
	uint8_t frame[256];
};

/* --- handlers -------------------------------------------------------------- */
struct sp_ash {
	uint32_t code_bits, data_bits; /* in: sizes of the regions, log2 */
	uint32_t budget; /* in: instructions a frame; 0: default */
	uint32_t code_base, data_base; /* out: kseg0 addresses */
	uint32_t data_pfn;             /* out: first frame of the data region */
	uint32_t exit, abort;          /* out: targets of the header bundles */
	uint32_t import_addr[32];      /* out: 0 where not granted */
	char name[SP_NAME];
};

struct sp_ash_code {
	uint32_t code_va, words; /* the final image, header bundles included */
	uint32_t data_va, data_bytes;
	uint32_t granted;   /* imports this handler may call */
	uint32_t report_va; /* struct sp_ash_report, or 0 */
};

/*
 * A list of pipes for a handler (ash/ash.h: ash_pipes_compile), in place of what its
 * place held; running handlers see the one or the other.  SP_EUNSAFE: PIPE and WORD
 * say where it is none.  Besides SP_PIPE_LISTS of its own, each handler has those of
 * everybody, from there on.
 */
enum { SP_PIPE_LISTS = 4, SP_PIPE_WORDS = 136 /* of a list */ };
enum sp_pipe_list { SP_PIPE_COPY, SP_PIPE_CKSUM, SP_PIPE_CKSUM_COPY };

struct sp_pipes {
	uint32_t list; /* which place */
	uint32_t list_va, words;
	uint32_t gauge, cost; /* out: instructions for 1514 bytes */
	uint32_t pipe, word;  /* out, when refused */
};

struct sp_ash_report {
	uint32_t rule, word, bound, stretch;
};

/* --- exposed names: read-only pages at SP_INFO_VA --------------------------- */
enum sp_drop {
	SP_DROP_UNCLAIMED, /* no binding */
	SP_DROP_RING_FULL,
	SP_DROP_TX_DENIED, /* a reply matched no transmit template */
	SP_DROP_TX_FULL,
	SP_DROP_ABORTED,  /* its handler was aborted */
	SP_DROP_DECLINED, /* declined with nowhere to go */
	SP_DROP_BAD,      /* receive error or oversized frame */
	SP_DROP_DEBT,     /* its handler's owner owes CPU time */
	SP_DROP_COUNT,
};
#define SP_DROP_NAMES                                                          \
	{                                                                      \
		"unclaimed", "ring-full", "tx-denied", "tx-full", "aborted",   \
			"declined", "bad", "debt"                              \
	}

struct sp_nic_info {
	uint8_t mac[6];
	uint8_t link, pad;
	uint32_t received;  /* frames taken from the ring, errors included */
	uint32_t consumed;  /* ... handled by an ASH (replied or consumed) */
	uint32_t delivered; /* ... put into a packet ring */
	uint32_t dropped[SP_DROP_COUNT];
	uint32_t bytes;
	uint32_t sent, sent_bytes, send_errors;
	uint32_t missed; /* the NIC had no descriptor; not in received */
	uint32_t resets; /* recoveries from a device fault */
	uint32_t interrupts;
	uint32_t
		copies; /* of frames to groups, for who shares; not in delivered */
};

/* Later fragments of datagrams (SP_BIND_FOLLOW). */
struct sp_follow_info {
	uint32_t datagrams; /* whose first fragment a follower took */
	uint32_t fragments; /* that went where their first one had gone */
	uint32_t complete;  /* datagrams of which every byte came */
	uint32_t refused; /* fragments that came twice, overlap or are too short
			     to be followed: their datagram is suspect */
	uint32_t full; /* datagrams beyond what an owner may have on its way */
};

enum sp_env_state {
	SP_ENV_FREE,
	SP_ENV_NEW,
	SP_ENV_RUNNABLE,
	SP_ENV_WAITING,
	SP_ENV_DEAD,
	SP_ENV_SLEEPING, /* until its predicate holds */
};

struct sp_env_info {
	uint32_t id; /* slot | generation << 8; 0 when free */
	uint32_t parent;
	uint32_t state;
	uint32_t pages;  /* frames it owns */
	uint32_t slices; /* entries of the vector */
	uint32_t ticks;  /* slices used */
	uint32_t upcalls;
	uint32_t sent;
	uint32_t excess;      /* slices it owes for ends it overran */
	uint32_t forfeited;   /* ... and has paid */
	uint32_t charged;     /* Count ticks of interrupt work done for it */
	uint32_t repossessed; /* resources taken from it by force */
	uint32_t rings, bindings;
	uint32_t exit_code, exit_cause, exit_pc, exit_addr;
	char name[SP_NAME];
};

struct sp_binding_info {
	uint32_t id; /* 0: free */
	uint32_t owner, target, object, flow, flags;
	int32_t priority;
	uint32_t rank;
	uint32_t nodes;          /* tests in its graph */
	uint32_t packets, bytes; /* frames it took (tap: it accepts) */
	uint32_t consumed, delivered;
	uint32_t followed; /* of packets: later fragments (SP_BIND_FOLLOW) */
	uint32_t dropped[SP_DROP_COUNT];
	uint32_t last_count; /* CP0 Count of the last match */
	char name[SP_NAME];
};

struct sp_ash_info {
	uint32_t id; /* 0: free */
	uint32_t owner, binding;
	uint32_t code_bits, data_bits, words, budget, bound, granted;
	uint32_t runs, replies, declines, aborts;
	uint32_t abort_reason, abort_pc,
		abort_addr; /* enum sp_abort, last one */
	uint32_t data_pfn;
	char name[SP_NAME];
};

struct sp_flow_info {
	uint32_t id; /* 0: free */
	uint32_t owner, parent;
	char name[SP_NAME];
};

enum sp_abort {
	SP_ABORT_NONE,
	SP_ABORT_BUDGET,
	SP_ABORT_TIMER,
	SP_ABORT_FAULT
};

struct sp_info {
	uint32_t magic, version; /* SP_INFO_MAGIC, SP_INFO_VERSION */
	uint32_t boot_count;     /* CP0 Count at boot */
	uint32_t ticks; /* timer ticks since boot, 10 ms each, when busy */
	uint32_t pages_total, pages_free;
	uint32_t code_bytes_rx, code_bytes_taps; /* generated classifiers */
	struct sp_nic_info nic;
	struct sp_follow_info follow;
	uint32_t slice[SP_SLICES]; /* environment of each slice, 0: free */
	struct sp_env_info env[SP_MAX_ENVS];
	struct sp_ash_info ash[SP_MAX_ASHES];
	struct sp_binding_info binding[SP_MAX_BINDINGS];
	struct sp_flow_info flow[SP_MAX_FLOWS];
};
#define SP_INFO_MAGIC   0x4e505331 /* "1SPN" */
#define SP_INFO_VERSION 3

#endif /* SP_ABI_H */
