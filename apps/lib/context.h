/*
 * context.h - the places where the kernel enters a program: its save area, and
 * exception handlers in C.
 *
 * context_open() once, then exception_set().  pct.h and slice.h add protected
 * entries and the ends of slices.  Next: context.S.
 */
#ifndef APPS_LIB_CONTEXT_H
#define APPS_LIB_CONTEXT_H

#include "offsets.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>

/* Cause.ExcCode, as the MIPS32 manual names it; SP_EXC_* are the kernel's. */
enum exception_code {
	EXC_MOD = 1,   /* store to a page that is bound read-only */
	EXC_TLBL = 2,  /* load or fetch from an address that is not bound */
	EXC_TLBS = 3,  /* store to one */
	EXC_ADEL = 4,  /* odd address for a load, or an address of the kernel */
	EXC_ADES = 5,  /* ... for a store */
	EXC_BREAK = 9, /* break */
	EXC_RI = 10,   /* no such instruction */
	EXC_CPU = 11,  /* coprocessor, privileged instruction */
	EXC_OV = 12,   /* overflow of add, addi, sub */
	EXC_TRAP = 13, /* teq and the like */
};

/*
 * The interrupted program, whole: what a handler changes here (but reg[0],
 * reg[26], reg[27]) is what goes on.
 */
struct exception {
	uint32_t reg[32];
	uint32_t hi, lo;
	uint32_t epc; /* of the instruction; of the branch if it is in a slot */
	uint32_t cause, badvaddr;
	uint32_t level; /* enum sp_level: what was interrupted */
};

static inline uint32_t
exception_code(const struct exception *x)
{
	return x->cause >> 2 & 31;
}

/* The instruction is in the delay slot of the branch at EPC. */
static inline bool
exception_in_slot(const struct exception *x)
{
	return (x->cause & 0x80000000u) != 0;
}

/* The area, once there is one. */
static inline struct sp_area *
context_area(void)
{
	return (struct sp_area *)APP_AREA_VA;
}

/*
 * context_open - take a page for the area and tell the kernel.
 *
 * Harmless when it was done.  Returns SP_OK, or what the kernel says.
 */
int context_open(void) SP_MUST_CHECK;

/* What the kernel was told last.  Change it, then context_apply(), which opens
 * first if need be; refused, nothing has changed but the copy. */
struct sp_context *context_get(void);
int context_apply(void) SP_MUST_CHECK;

/*
 * exception_set - HANDLER is called for exceptions of CODE, on whatever level.
 *
 * It runs on a stack of its own and may itself take exceptions, a few deep; it
 * returns 0 to go on with *X, without the kernel, or a negative code: then the
 * instruction is tried again without a handler, which ends the program with the
 * true reason.  NULL takes the handler away.  Returns SP_OK, SP_EINVAL for an
 * odd CODE, or as context_open().
 */
int exception_set(
	uint32_t code, int (*handler)(struct exception *x)) SP_MUST_CHECK;

/* One handler for EXC_MOD, EXC_TLBL and EXC_TLBS: the program's own page tables.
 * The kernel asks it only for addresses that it maps nothing at. */
int exception_set_fault(int (*handler)(struct exception *x)) SP_MUST_CHECK;

/* Called by context.S only. */
void exception_dispatch(struct exception *x);
void exception_entry_main(void);
void exception_entry_call(void);
void exception_entry_upcall(void);

#endif /* APPS_LIB_CONTEXT_H */
