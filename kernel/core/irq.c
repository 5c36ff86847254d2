/*
 * irq.c - from an interrupt line to whoever it is for.
 *
 * Past its receive budget the NIC's line is masked and it is polled instead: at
 * each tick, and whenever nobody else wants the CPU.
 */
#include "kernel/core/irq.h"

#include "kernel/core/audit.h"
#include "kernel/core/handler.h"
#include "kernel/core/sched.h"
#include "kernel/dev/pcnet.h"
#include "kernel/mips.h"

enum { LINE_UART = 4 };

static struct {
	struct env *uart;
	bool polling; /* the NIC's line is masked */
} irq;

static void
nic(bool more)
{
	if (more == irq.polling)
		return;
	irq.polling = more;
	if (more)
		irq_forbid(ST_IM2);
	else
		irq_allow(ST_IM2);
}

bool
irq_poll_nic(void)
{
	if (irq.polling) {
		nic(pcn_poll());
		if (handler_used_timer())
			timer_repair();
	}
	return irq.polling;
}

void
irq_dispatch(void)
{
	uint32_t pending = cp0_get_cause();

	if ((pending & ST_IM2) != 0 && irq_is_allowed(ST_IM2))
		nic(pcn_interrupt());
	if (handler_used_timer())
		timer_repair();
	if ((pending & ST_IM4) != 0 && irq_is_allowed(ST_IM4)) {
		irq_forbid(ST_IM4);
		pcn_refresh(); /* somebody asks: let the counters be true */
		if (irq.uart != NULL)
			env_post(irq.uart, SP_EVENT_IRQ);
	}
	if ((pending & ST_IM7) != 0 && timer_is_due()) {
		timer_tick();
		pcn_refresh();
		irq_poll_nic();
	}
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
