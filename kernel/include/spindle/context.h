/*
 * spindle/context.h - time and control: slices, exceptions, protected control
 * transfer, sleeping, revocation.
 *
 * A part of abi.h, which includes it.
 */
#ifndef SP_CONTEXT_H
#define SP_CONTEXT_H

#include <stdint.h>

/* --- time ---------------------------------------------------------------------
 * The CPU is a vector of SP_SLICES slices of one tick, walked round and round;
 * sp_info.slice says who holds which.  A free slice, or one whose holder cannot
 * run, takes no time; so position p comes up after those of the others that lie
 * before it, and not later.  Each is a whole tick from its own beginning; what
 * interrupts do for others makes it longer and is charged to them.
 *
 * yield: 0, or SP_ENOENT.  ENV, if it can run, has the rest of the slice.
 *
 * Who has start_pc and end_pc (context_set) saves itself.  When its slice is over
 * the kernel puts the pc into slice_epc, sets BUSY in slice_busy and enters
 * end_pc, every register as it was.  It has a millisecond to save them and yield,
 * to nobody: such a yield, and any other, does not return; its next slice begins
 * at start_pc, where it restores, loads slice_epc into $k1, clears slice_busy and
 * jumps.  While slice_busy or the exceptions' BUSY is set ($k1 counts then), in
 * calls and in upcalls, the kernel switches it itself, as it does with others.
 * Who has not yielded in time is switched as it stands and forfeits a slice;
 * SP_EXCESS_MAX times in a row end it.
 *
 * SP_PCT(SP_PCT_YIELD, ENV) is the short way for both sides: a yield as above, at
 * the start of whose slice ENV is entered in 80 instructions.
 *
 * slice_take: CAP opens ENV for writing, and also the present holder, if any.
 *	SP_EINVAL	no such position
 *	SP_ENOENT	no such environment
 *	SP_EPERM	CAP does not open ENV
 *	SP_EBUSY	the position is somebody else's
 * slice_free: CAP opens the holder for writing.  Who has no slice left runs only
 * in what others yield to it, and for upcalls.
 *	SP_EINVAL	no such position
 *	SP_ENOENT	it is free
 *	SP_EPERM	CAP does not open the holder
 */

/* --- contexts: where and how the kernel enters an application ---------------
 * An environment runs on at most one of three levels; the higher interrupts the
 * lower, and each has its own save area for exceptions.
 */
enum sp_level { SP_MAIN, SP_CALL, SP_UPCALL, SP_LEVELS };

/*
 * Exceptions (Aegis): the kernel stores $at, EPC, Cause and BadVAddr, sets BUSY
 * and jumps to the entry of the exception's code.  Every other register but
 * $k0 and $k1 is as it was.  The application resumes without the kernel: restore,
 * load EPC into $k1, clear BUSY, jr $k1; neither a refill nor an interrupt
 * changes $k1.  At the entry $k1 is the area's address in the kernel, of no use
 * to the application: an area below 32 KiB is reached from $zero.  BadVAddr is
 * meant only where an address was at fault.  A second exception while BUSY ends
 * the environment, and so does one without an entry; the console says why.
 *
 * Entries with bit 31 set are entered only after the kernel has looked at its
 * own (guaranteed) mappings; the rest of the word is the address, 0 for none.
 */
#define SP_KERNEL_FIRST 0x80000000u

struct sp_save {
	uint32_t at, epc, cause, badvaddr;
	uint32_t busy;     /* bit 31; the application clears the word */
	uint32_t free[27]; /* the application's own */
	uint32_t pc[32];   /* by Cause.ExcCode */
};

/* Codes of pc[] that no hardware raises. */
enum { SP_EXC_REVOKE = 26, SP_EXC_REPOSSESS = 27 };

enum sp_resource {
	SP_RES_PAGES = 1,
	SP_RES_SLICES,
	SP_RES_RINGS,
	SP_RES_FILTERS,
	SP_RES_COUNT,
};

enum { SP_AUDIT = 512 }; /* bytes that an audit's text never exceeds */

enum { SP_REPOSSESSED = 128 };

/*
 * The application's area: one page of its own, pinned while it is set.  The
 * kernel believes nothing it reads here.
 */
struct sp_area {
	struct sp_save save[SP_LEVELS];
	/* Slices: where the end-of-slice entry interrupted; BUSY is set by the
	 * kernel then and cleared by the application once it runs again. */
	uint32_t slice_epc, slice_busy;
	uint32_t sent; /* frames whose memory DMA no longer reads */
	/* What somebody wants back (enum sp_resource), how many, until which
	 * tick of sp_info; count 0: nothing. */
	struct {
		uint32_t count, deadline;
	} wanted[SP_RES_COUNT];
	/* The repossession vector: what was taken by force, newest at
	 * (taken - 1) % SP_REPOSSESSED; the application reads, never resets. */
	uint32_t taken;
	struct {
		uint32_t resource, name; /* pfn, slice, ring or binding */
	} repossessed[SP_REPOSSESSED];
	uint32_t free[16];
};

enum {
	SP_KEEP = 8,
	SP_EXCESS_MAX =
		16, /* late ends of slices in a row end an environment */
};

/*
 * All the kernel knows of how to enter an environment; 0 stands for: not.
 * context_set replaces all.  SP_EINVAL: an entry or area that is not aligned or
 * the user's, slice entries not in pairs or without an area; SP_EFAULT: no
 * guaranteed mapping lets it write to the area; SP_EPERM: the frame is not its own;
 * SP_EBUSY: another area in the middle of an exception or a call.
 * The frame stays pinned; giving it back takes the area away.  Words of pc[] that
 * are 0 become SP_KERNEL_FIRST.
 */
struct sp_context {
	uint32_t area_va;  /* struct sp_area: page aligned, mapped writable */
	uint32_t start_pc; /* start of slice: every register is clear */
	uint32_t end_pc;   /* end of slice: every register is as it was */
	uint32_t sync_pc;  /* protected entries, see SP_PCT */
	uint32_t async_pc;
	uint32_t keep[SP_KEEP]; /* frames that revocation never takes */
};

/*
 * Protected control transfer: syscall with $v0 = SP_PCT(kind, environment).  All
 * registers but $v0, $k0 and $k1, HI and LO included, are the message; $k1 arrives
 * as 0.  The callee finds the caller's id in $v0, and whether it serves is its
 * business: everybody may call everybody.
 *
 * CALL: the callee runs in this and all further slices of the caller until it
 * RETURNs; the caller finds its registers, $v0 = 0.  SEND: it runs for the rest of
 * the slice, the caller goes on later with its own registers, $v0 = 0.  A callee
 * that ends returns SP_EKILLED and no other register; one whose caller ends goes on
 * in its own slices.  What is refused changes nothing but $v0: SP_ENOENT; SP_EINVAL
 * (itself, RETURN from what is no call); SP_EPERM (no entry for this kind); SP_EBUSY
 * (it serves somebody, waits for a callee or is in an upcall).
 */
enum { SP_PCT_CALL, SP_PCT_SEND, SP_PCT_RETURN, SP_PCT_YIELD };
#define SP_PCT(kind, env) (0x80000000u | (uint32_t)(kind) << 29 | (env))

/* --- sleeping until memory says so (Xok's wakeup predicates) ----------------
 * A sum of products: terms with the same tag must all hold, one tag suffices.
 * Terms of one tag stand together.  The predicate is evaluated whenever a slice
 * of the sleeper comes up, and before each tick while the CPU is idle; the words
 * stay readable whatever becomes of the mapping.  sleep_until returns the tag:
 *	SP_EINVAL	no terms or too many, unknown comparison, tag 0 or above
 *			2^31 or in two places, odd address, or inside an upcall
 *	SP_EFAULT	the predicate or a word of it cannot be read
 *	SP_EREVOKED	a word's frame was taken away meanwhile
 */
enum sp_compare { SP_EQ, SP_NE, SP_LT, SP_GE }; /* unsigned; LT and GE wrap */
enum { SP_TERMS = 8 };

struct sp_predicate {
	uint32_t n;
	struct {
		uint32_t va; /* a word this environment can read */
		uint32_t op, value;
		uint32_t tag; /* 1.. */
	} term[SP_TERMS];
};

/* --- revocation --------------------------------------------------------------
 * Visible: the request appears in the owner's area, as SP_EVENT_REVOKE and as
 * exception SP_EXC_REVOKE (BadVAddr: the resource).  What it has not given back by
 * the deadline is taken by force: the highest frames but the area and those it
 * keeps, the last slices but one, rings and filters.  Each stands in the
 * repossession vector; then come the event and SP_EXC_REPOSSESS (BadVAddr: how
 * many were ever taken).  Either exception ends waiting and sleeping, which
 * return 0.  What is taken anew while something is wanted is wanted too; a second
 * request adds to the first, and the earlier deadline holds for both.
 */
struct sp_revoke {
	uint32_t env, resource, count;
	uint32_t ticks; /* how long it has; 0: taken at once */
};

#endif /* SP_CONTEXT_H */
