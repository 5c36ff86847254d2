/*
 * fuzz.h - what the parts of the system-call fuzzer share.
 *
 * The master (master.c) makes workers, copies of itself, and makes new ones as
 * they die.  A worker (worker.c) makes random calls with arguments of values.c and
 * structures of structs.c; entries.S is how it calls and how the kernel enters it.
 */
#ifndef TESTS_FUZZ_SYSCALL_FUZZ_H
#define TESTS_FUZZ_SYSCALL_FUZZ_H

/* Offsets in a call's block, and places, for entries.S too. */
#define BLOCK_SAVED  0 /* s0-s7, gp, fp, sp, ra */
#define BLOCK_NUMBER 48
#define BLOCK_LEAK   52
#define BLOCK_BYTES  80

#define AREA_VA         0x4000 /* struct sp_area, reached from $zero */
#define AREA_BUSY(l)    (AREA_VA + 256 * (l) + 16)
#define AREA_SLICE_EPC  (AREA_VA + 768)
#define AREA_SLICE_BUSY (AREA_VA + 772)
#define AREA_SAVED      (AREA_OWN + 124)
#define AREA_OWN        (AREA_VA + 2048) /* behind it: 33 words of ours */

/* What fuzz_call() returns when an exception ended the call's turn. */
#define FUZZ_EXCEPTION 0x7fffffff

#ifndef __ASSEMBLER__

#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	WORKERS = 8, /* at most */

	SCRATCH_VA = 0x30000000, /* arguments; nothing is mapped behind it */
	SCRATCH_PAGES = 4,
	STATS_VA = 0x34000000, /* struct stats, shared by all */
	MAP_VA = 0x38000000,   /* where workers map what they like */
	MAP_PAGES = 32,
	DRONE_VA = 0x10000000, /* code of a worker's children */

	LEAKS = 4, /* temporaries, HI and LO, saved registers, sp and ra */

	TYPE = 0x88b5, /* the flow that the fuzzer owns, Ethernet's */
};

/* One worker's line of the page that all share.  The master believes nothing in
 * it but the counters, and those only for its report. */
struct worker_stats {
	uint32_t calls;
	uint32_t exceptions, upcalls, served; /* entries of the kernel */
	uint32_t leak[LEAKS]; /* of registers: bits that should have been 0 */
	uint32_t leak_number; /* ... after this call */
	uint32_t odd;         /* a result that no call has */
	uint32_t odd_number;
	uint32_t flow;                      /* the worker's own */
	uint32_t worked[SP_CALL_COUNT + 4]; /* calls that did not fail; PCT */
};

struct stats {
	struct worker_stats worker[WORKERS];
};
_Static_assert(sizeof(struct stats) <= SP_PAGE, "one page");

static inline struct stats *
stats(void)
{
	return (struct stats *)STATS_VA;
}

/* --- values.c: random numbers that are not quite random --------------------- */
enum kind {
	K_ANY, /* anything at all */
	K_CAP,
	K_ENV,   /* itself, mostly */
	K_CHILD, /* itself hardly ever */
	K_VA,
	K_LEN,
	K_COUNT,
	K_RING_PAGES, /* likewise, perhaps of a tape */
	K_ALIGN,
	K_PFN,
	K_WANT, /* a pfn, or any, or a colour */
	K_PAGE, /* address of a page */
	K_SLOT,
	K_MASK,
	K_SLICE,
	K_RING,
	K_FLOW,
	K_BINDING,
	K_ASH,
	K_FEW, /* small numbers */
	K_PC,
	K_MAPFLAGS,
	K_STRUCT, /* from here on: addresses of structures */
	K_NAME = K_STRUCT,
	K_MAP,
	K_START,
	K_CAPVAL,
	K_FLOWDEF,
	K_BIND,
	K_PIECES,
	K_ASHDEF,
	K_ASHCODE,
	K_RUN,
	K_CONTEXT,
	K_PREDICATE,
	K_ACL,
	K_REVOKE,
};

void fuzz_seed(uint32_t seed);
uint32_t rnd(void);
static inline uint32_t
below(uint32_t n)
{
	return (rnd() >> 8) % n;
}
static inline bool
one_in(uint32_t n)
{
	return below(n) == 0;
}

uint32_t value_of(enum kind kind);

/* Remember and forget what calls have given: frames, or ids of KIND. */
void own_frames(uint32_t pfn, uint32_t count);
void disown_frames(uint32_t pfn, uint32_t count);
uint32_t frames_owned(void);
bool random_frames(uint32_t *pfn, uint32_t *count);
bool oldest_frames(uint32_t *pfn, uint32_t *count);
void own_id(enum kind kind, uint32_t id);

/* --- structs.c: structures that look valid ---------------------------------- */
/* The address of a random structure of KIND, written there if it can be. */
uint32_t struct_of(enum kind kind);
void structs_init(uint32_t index, uint32_t flow);
/* ash_reserve has answered at VA. */
void structs_reserved(uint32_t va);

/* --- worker.c ----------------------------------------------------------------- */
int worker_run(uint32_t index);
/* N random calls; LEVEL is the level they are made at. */
void worker_calls(enum sp_level level, uint32_t n);
void fuzz_upcalled(void);
void fuzz_served(uint32_t caller);

/* --- drone.c: a worker's children, which run random instructions --------------- */
void drone_make(void);

/* --- entries.S ----------------------------------------------------------------- */
/* System call NUMBER with ARGS, made at a level; any number, PCT too: all
 * registers are put away before. */
int32_t fuzz_call_main(uint32_t number, const uint32_t args[4]);
int32_t fuzz_call_call(uint32_t number, const uint32_t args[4]);
int32_t fuzz_call_upcall(uint32_t number, const uint32_t args[4]);
struct fuzz_block {
	uint32_t saved[12], number, leak[LEAKS], pad[3];
};
_Static_assert(sizeof(struct fuzz_block) == BLOCK_BYTES, "entries.S");
_Static_assert(offsetof(struct fuzz_block, leak) == BLOCK_LEAK, "entries.S");
extern struct fuzz_block fuzz_block[SP_LEVELS];

/* Entries for struct sp_context, upcall_set and struct sp_save. */
void fuzz_upcall(void);
void fuzz_sync(void);
void fuzz_start(void);
void fuzz_end(void);
void fuzz_exception_main(void);
void fuzz_exception_call(void);
void fuzz_exception_upcall(void);
extern char fuzz_stack_call[], fuzz_stack_upcall[];

#endif /* __ASSEMBLER__ */
#endif /* TESTS_FUZZ_SYSCALL_FUZZ_H */
