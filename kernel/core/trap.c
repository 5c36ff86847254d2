/*
 * trap.c - exceptions that the vectors do not deliver themselves: a miss is
 * filled, what the application does not handle ends it.
 */
#include "kernel/core/trap.h"

#include "kernel/board.h"
#include "kernel/boot/frame.h"
#include "kernel/console.h"
#include "kernel/core/env.h"
#include "kernel/core/exception.h"
#include "kernel/core/sched.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

extern const char vectors[];

void
trap_init(void)
{
	KASSERT(((uintptr_t)vectors & (SP_PAGE - 1)) == 0);
	cp0_set_ebase((uint32_t)vectors); /* only while BEV is on */
	cp0_set_status(0);                /* BEV off: the vectors are ours */
	cp0_set_cause(CAUSE_IV);
	cp0_set_hwrena(HWRENA_COUNT);
}

static uint32_t
code_of(uint32_t cause)
{
	return (cause & CAUSE_CODE) >> CAUSE_CODE_SHIFT;
}

static const char *
cause_name(uint32_t code)
{
	switch (code) {
	case EXC_MOD:
		return "store to a read-only page";
	case EXC_TLBL:
		return "load from an unmapped address";
	case EXC_TLBS:
		return "store to an unmapped address";
	case EXC_ADEL:
		return "bad address for a load";
	case EXC_ADES:
		return "bad address for a store";
	case EXC_BREAK:
		return "break";
	case EXC_RI:
		return "reserved instruction";
	case EXC_CPU:
		return "coprocessor unusable";
	case EXC_OV:
		return "overflow";
	case EXC_TRAP:
		return "trap";
	default:
		return "exception";
	}
}

/* User-mode sdbbp falls through QEMU's ROM; leave debug mode, keep the pc. */
static uint32_t
leave_debug(void)
{
	uint32_t pc = cp0_get_depc();

	debug_return();
	return pc;
}

/* Nobody handles this exception: that is the end of E. */
static _Noreturn void
end(struct env *e, uint32_t cause, uint32_t addr)
{
	const struct sp_save *s = e->save;
	uint32_t pc = e->ctx->epc;

	kprintf("env %s: ended, %s, pc %08x addr %08x", env_info(e)->name,
		cause_name(code_of(cause)), pc, addr);
	if (s != &dead_save && (s->busy & SP_KERNEL_FIRST) != 0)
		kprintf(", while it handled: %s, pc %08x addr %08x",
			cause_name(code_of(s->cause)), s->epc, s->badvaddr);
	kprintf("\n");
	kernel_interruptible_begin();
	env_destroy(e, 0, cause, pc, addr);
	kernel_interruptible_end();
	sched_run();
}

void
exc_user(void)
{
	struct env *e = env_current();
	uint32_t cause = cp0_get_cause();
	uint32_t code = code_of(cause);
	uint32_t addr = cp0_get_badvaddr();

	if (code == EXC_MOD || code == EXC_TLBL || code == EXC_TLBS) {
		if (space_fault(&e->space, addr, code == EXC_MOD))
			return;
	}
	if (code == EXC_RI && e->ctx->epc == MALTA_ROM_TRAP)
		e->ctx->epc = leave_debug();
	if (exception_deliver(e, code, cause, addr) < 0)
		end(e, cause, addr);
}

_Noreturn void
exc_kernel(uint32_t epc, uint32_t cause, uint32_t badvaddr, uint32_t ra)
{
	kprintf("PANIC kernel exception %u (%s)\n", code_of(cause),
		cause_name(code_of(cause)));
	kprintf("  epc %08x ra %08x cause %08x badvaddr %08x\n", epc, ra, cause,
		badvaddr);
	board_exit(PANIC_STATUS);
}
