/*
 * irq.c - from an interrupt line to whoever it is for.
 *
 * The NIC takes a few frames an interrupt.  When it has used up its credit its lines
 * are masked, until the next tick or until nobody else wants the CPU.
 */
#include "kernel/core/irq.h"

#include "kernel/core/audit.h"
#include "kernel/core/bind.h"
#include "kernel/core/handler.h"
#include "kernel/core/sched.h"
#include "kernel/core/timer.h"
#include "kernel/dev/pcnet.h"
#include "kernel/mips.h"

enum { LINE_UART = 4 };

static struct {
	struct env *uart;
	bool more;   /* the software line is raised: the NIC has more frames */
	bool paused; /* the NIC's lines are masked */
} irq;

/*
 * The NIC has frames left, or no more of them.  What is left comes by the
 * software line, with others' interrupts in between; once the credit is used up,
 * not before irq_resume_nic().
 */
static __attribute__((noinline)) void
nic_goes_on(enum pcn_rest rest)
{
	irq.more = rest != PCN_DONE;
	cp0_set_cause(irq.more ? CAUSE_IV | CAUSE_IP1 : CAUSE_IV);
	if (rest == PCN_SPENT) {
		irq.paused = true;
		irq_forbid(IRQ_NIC);
	}
}

void
irq_resume_nic(void)
{
	if (!irq.paused)
		return;
	irq.paused = false;
	pcn_credit();
	irq_allow(IRQ_NIC);
}

/* Let the NIC's counters be true; if it is not well, an interrupt sees to it. */
static void
nic_refresh(void)
{
	if (!pcn_refresh() && !irq.more)
		nic_goes_on(PCN_MORE);
}

/* Lines that are somebody else's than the NIC's. */
static __attribute__((noinline)) void
dispatch_slow(uint32_t pending)
{
	uint32_t from = cp0_get_count();

	if ((pending & ST_IM4) != 0) {
		irq_forbid(ST_IM4);
		nic_refresh(); /* somebody asks */
		if (irq.uart != NULL) {
			env_post(irq.uart, SP_EVENT_IRQ);
			if (env_current() != NULL)
				sched_charge(irq.uart, cp0_get_count() - from);
		}
	}
	if ((pending & ST_IM7) != 0 && timer_is_due()) {
		if (timer_fire()) {
			nic_refresh();
			irq_resume_nic();
		}
	}
}

static inline void
dispatch_nic(void)
{
	enum pcn_rest rest = pcn_interrupt();

	if (rest != PCN_DONE || irq.more)
		nic_goes_on(rest);
	if (handler_used_timer())
		timer_repair();
}

static inline void
dispatch_rest(void)
{
	uint32_t pending = cp0_get_cause() & cpu.user_status;

	if ((pending & (ST_IM4 | ST_IM7)) != 0)
		dispatch_slow(pending);
}

void
irq_dispatch(void)
{
	/* A frame waits for an answer: everything else comes after it. */
	if ((cp0_get_cause() & cpu.user_status & IRQ_NIC) != 0)
		dispatch_nic();
	dispatch_rest();
}

void
irq_dispatch_charged(void)
{
	if (env_current() == NULL) {
		irq_dispatch();
		return;
	}
	if ((cp0_get_cause() & cpu.user_status & IRQ_NIC) != 0) {
		bind_charge_begin();
		dispatch_nic();
		bind_charge_end();
	}
	dispatch_rest();
}

int
irq_bind(struct env *e, uint32_t line)
{
	if (line != LINE_UART)
		return SP_EINVAL;
	if (irq.uart != NULL && irq.uart != e)
		return SP_EBUSY;
	irq.uart = e;
	irq_allow(ST_IM4);
	return SP_OK;
}

int
irq_ack(const struct env *e, uint32_t line)
{
	if (line != LINE_UART)
		return SP_EINVAL;
	if (irq.uart != e)
		return SP_EPERM;
	irq_allow(ST_IM4);
	return SP_OK;
}

void
irq_forget_owner(const struct env *e)
{
	if (irq.uart != e)
		return;
	irq.uart = NULL;
	irq_forbid(ST_IM4);
}

void
irq_audit(void)
{
	if (irq.uart != NULL)
		(void)audit_owner(irq.uart, "line", LINE_UART);
}
