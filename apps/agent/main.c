/*
 * main.c - the agent: wait for bytes from the host, serve, answer.
 *
 * An ordinary environment that was given the root capability at boot.  It never
 * stops for what the host sends; only an unusable UART ends it.  Next: ops.c.
 */
#include "archive.h"
#include "captures.h"
#include "ops.h"
#include "uart.h"

#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

static struct {
	struct proto_rx rx;
	uint32_t last_byte; /* CP0 Count */
	struct answer answer;
	/* The last request and its answer, for a host that did not get it. */
	bool answered;
	uint16_t op, tag;
	uint32_t crc;
	uint8_t reply[PROTO_MAX] __attribute__((aligned(4)));
	size_t reply_len;
} agent;

/* A message that pauses for so long will not be finished: its sender has gone,
 * or is about to repeat it. */
enum { PAUSE_COUNTS = AG_TIMEOUT_MS / 2 * 166667 };

static bool
is_repeated(const struct proto_msg *m)
{
	return agent.answered && m->op == agent.op && m->tag == agent.tag &&
	       m->crc == agent.crc && !ops_only_reads(m->op);
}

static void
serve(const struct proto_msg *m)
{
	const struct answer *a = &agent.answer;

	if ((m->op & AG_REPLY) != 0)
		return;
	if (!is_repeated(m)) {
		agent.answered = true;
		agent.op = m->op;
		agent.tag = m->tag;
		agent.crc = m->crc;
		ops_serve(m, &agent.answer);
		memcpy(agent.reply + AG_HEAD, &a->result, sizeof(a->result));
		memcpy(agent.reply + AG_HEAD + sizeof(a->result), a->data,
			a->len);
		agent.reply_len = proto_wrap(agent.reply, m->op | AG_REPLY,
			m->tag, sizeof(a->result) + a->len);
	}
	uart_write(agent.reply, agent.reply_len);
}

static void
halt_if_asked(void)
{
	uint32_t status;

	if (!ops_halted(&status))
		return;
	uart_flush();
	(void)sys_halt(0, status);
}

static void
serve_what_arrived(void)
{
	struct proto_msg m;
	int c = uart_read();

	if (c < 0)
		return;
	if (sys_count() - agent.last_byte > PAUSE_COUNTS)
		proto_reset(&agent.rx);
	for (; c >= 0;
		c = proto_has_part(&agent.rx) ? uart_expect() : uart_read()) {
		proto_put(&agent.rx, (uint8_t)c);
		while (proto_next(&agent.rx, &m)) {
			serve(&m);
			halt_if_asked();
		}
	}
	agent.last_byte = sys_count();
}

/* The root capability opens the console, but print() wants one for it. */
static void
open_console(void)
{
	const struct sp_cap console = {
		.rights = SP_CAP_WRITE,
		.len = 1,
		.name = { SP_NAME_CONSOLE },
	};

	(void)sys_cap_grant(0, 0, APP_CAP_CONSOLE, &console);
}

int
app_main(uint32_t archive, uint32_t archive_bytes)
{
	int err = uart_open();

	archive_open(archive, archive_bytes);
	open_console();
	if (err == SP_OK)
		err = sys_irq_bind(0, UART_IRQ);
	if (err < 0) {
		print("agent: no control line: %s\n", sp_err_text(err));
		return err;
	}
	print("agent: ready\n");
	for (;;) {
		int32_t events = sys_wait(SP_EVENT_IRQ | SP_EVENT_CHILD |
					  SP_EVENT_ABORT | SP_EVENT_RING);

		if (events & (SP_EVENT_CHILD | SP_EVENT_ABORT))
			ops_sync();
		if (events & SP_EVENT_RING)
			captures_expire();
		serve_what_arrived();
		(void)sys_irq_ack(0, UART_IRQ);
	}
}
