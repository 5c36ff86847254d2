/*
 * wire.c - a kernel whose NIC driver is told by its frames what to suffer.
 *
 * Linked with the real start-up code, vectors, interrupt path and driver; only
 * the consumer of frames is ours.  Byte 14 of a frame says what to do with it
 * (enum op), its parameters follow as 16-bit words.  test_wire.py asks.  A stopped
 * chip hears nothing, so what restarts it is answered when it runs again.
 */
#include "kernel/board.h"
#include "kernel/console.h"
#include "kernel/core/irq.h"
#include "kernel/core/sched.h"
#include "kernel/core/trap.h"
#include "kernel/dev/pcnet.h"
#include "kernel/dev/pcnet_ring.h"
#include "kernel/lib/string.h"
#include "kernel/malta/i8259.h"
#include "kernel/panic.h"

enum { OP_AT = 14, PARAMETERS_AT = 16, MAC_BYTES = 6 };

enum op {             /* answered in its own slot unless it says otherwise */
	OP_CONSUME,   /* nothing comes back */
	OP_ECHO,      /* to its sender, in its own slot */
	OP_COUNTERS,  /* struct sp_nic_info */
	OP_RESIZE,    /* (length): in its own slot, shorter or longer */
	OP_GATHER,    /* (head, a, b, c): head of the frame, three pieces */
	OP_STOP,      /* (n): stop the chip, send N numbered frames, notice */
	OP_STALL,     /* (n): wait until N frames lie behind this one, then
			   stop the chip and notice */
	OP_CUT,       /* give the chip half a frame: it gives up transmitting */
	OP_LEFTOVERS, /* how many bytes behind this frame are not zero */
	OP_PROMISCUOUS, /* (on) */
	OP_HOLD,        /* (n): do not return before N frames were missed */
	OP_DRAIN,       /* (n): stop the chip, send N numbered frames, have
			   those of the pattern's page drained */
	OP_ABANDON,     /* (n): the same, but have them dropped; every second
			   one has its piece elsewhere */
	OP_SHARE,       /* stop the chip, let one sender fill its share, another
			   one send; answered by a third */
};

enum { PATTERN_BYTES = 2048, STALL_TRIES = 200000000, STOP_FRAME = 600 };

static uint8_t slots[(PCN_RX_SLOTS + PCN_TX_SLOTS) * PCN_SLOT]
	__attribute__((aligned(PCN_SLOT)));
static uint8_t pattern[PATTERN_BYTES] __attribute__((aligned(SP_PAGE)));
static uint8_t elsewhere[PATTERN_BYTES] __attribute__((aligned(SP_PAGE)));
static struct sp_nic_info nic;
static struct pcn_sender greedy, modest;
static uint32_t pieces_done, frames_done;

_Noreturn void kernel_main(uint32_t a0);

static uint32_t
parameter(const uint8_t *frame, uint32_t i)
{
	return be16_get(frame + PARAMETERS_AT + 2 * i);
}

static void
turn_round(uint8_t *frame)
{
	memcpy(frame, frame + MAC_BYTES, MAC_BYTES);
	memcpy(frame + MAC_BYTES, nic.mac, MAC_BYTES);
}

static enum pcn_verdict
answer(uint8_t *frame, uint32_t len)
{
	turn_round(frame);
	return pcn_send_slot(NULL, frame, len) == SP_OK ? PCN_SENT
							: PCN_RECYCLE;
}

static enum pcn_verdict
answer_counters(uint8_t *frame)
{
	(void)pcn_refresh();
	memcpy(frame + PARAMETERS_AT, &nic, sizeof(nic));
	return answer(frame, PARAMETERS_AT + sizeof(nic));
}

/* A frame of a head that is copied, as the kernel does, and of pieces. */
static int
send(struct pcn_sender *who, const uint8_t *head, uint32_t len,
	const struct pcn_piece *pieces, size_t n)
{
	uint8_t *to = pcn_head();

	if (to == NULL)
		return SP_EFULL;
	if (len > PCN_RX_BYTES) {
		pcn_head_forget(0);
		return SP_EINVAL;
	}
	memcpy(to, head, len);
	return pcn_send(who, len, pieces, n);
}

static void
gather(uint8_t *frame)
{
	struct pcn_piece piece[3];

	turn_round(frame);
	for (uint32_t i = 0; i < 3; i++) {
		piece[i].paddr = paddr_of(pattern) + i;
		piece[i].len = parameter(frame, 1 + i);
	}
	if (send(NULL, frame, parameter(frame, 0), piece, 3) == SP_OK)
		return;
	if (send(NULL, frame, PARAMETERS_AT, NULL, 0) != SP_OK)
		PANIC("cannot even say that it was refused");
}

/* As the tick and the interrupt after it do. */
static void
notice(void)
{
	if (!pcn_refresh())
		pcn_check();
	pcn_tx_reclaim();
}

static void
stop_chip(void)
{
	csr0_write(pcn.base, CSR0_STOP);
}

/* QEMU's chip goes on transmitting when it is stopped, but not after a reset. */
static void
stop_sending(void)
{
	uint8_t mac[6];

	pcn_chip_reset(pcn.base, mac);
}

/* On a stopped chip.  Numbers count down; the pieces of odd ones lie in A, of
 * even ones in B. */
static void
send_numbered(const uint8_t *frame, const uint8_t *a, const uint8_t *b)
{
	uint8_t head[PARAMETERS_AT + 2];

	memcpy(head, frame, sizeof(head));
	turn_round(head);
	for (uint32_t i = parameter(frame, 0); i > 0; i--) {
		struct pcn_piece piece = { paddr_of(i % 2 != 0 ? a : b),
			STOP_FRAME };

		be16_put(head + PARAMETERS_AT, (uint16_t)i);
		if (send(NULL, head, sizeof(head), &piece, 1) != SP_OK)
			PANIC("stopped, and the ring is full");
	}
}

static void
abandon(const uint8_t *frame)
{
	stop_sending();
	send_numbered(frame, pattern, elsewhere);
	pcn_abandon(paddr_of(pattern));
	if (pcn_reads(paddr_of(pattern)))
		PANIC("abandoned, and still read");
}

static void
drain(const uint8_t *frame)
{
	stop_sending();
	send_numbered(frame, pattern, pattern);
	if (pcn_reads(paddr_of(pattern)))
		PANIC("drained, and still read");
}

static void
stall(uint32_t n)
{
	struct pcn_desc *d = pcn.rx;
	uint32_t tries = STALL_TRIES;

	for (; n > 0; n--)
		d = ring_next(d, PCN_RX_SLOTS);
	while ((desc_take(d) & DESC_OWN) != 0)
		if (--tries == 0)
			PANIC("the frames to wait for never came");
	stop_chip();
	notice();
}

static void
hold(uint32_t n)
{
	uint32_t before = nic.missed, tries = STALL_TRIES / 100;

	do {
		notice();
		if (--tries == 0)
			PANIC("the frames to miss never came");
	} while (nic.missed - before < n);
}

/* A frame's first half; nobody gives the chip the second. */
static void
cut(void)
{
	struct pcn_desc *d = pcn.tx;

	desc_set(&d->addr, paddr_of(pattern));
	desc_give(d, DESC_OWN | DESC_STP | DESC_BYTES(100));
	pcn.tx = ring_next(d, PCN_TX_SLOTS);
	pcn.tx_free--;
	csr0_write(pcn.base, CSR0_TDMD | CSR0_IENA);
	pcn_tx_reclaim();
}

/* Frames with one piece, numbered from 1 on; returns how many WHO could send. */
static uint32_t
send_until_full(struct pcn_sender *who, uint8_t *frame)
{
	const struct pcn_piece piece = { paddr_of(pattern), STOP_FRAME };
	uint32_t n = 0;

	do
		be16_put(frame + PARAMETERS_AT, (uint16_t)++n);
	while (send(who, frame, PARAMETERS_AT + 2, &piece, 1) == SP_OK);
	return n - 1;
}

static enum pcn_verdict
share(uint8_t *frame, uint32_t len)
{
	turn_round(frame);
	stop_sending();
	pieces_done = frames_done = 0;
	if (send_until_full(&greedy, frame) != PCN_TX_SHARE / 2)
		PANIC("not just its share");
	if (pcn_send_slot(&greedy, frame, len) != SP_EFULL)
		PANIC("more than its share");
	if (send_until_full(&modest, frame) != PCN_TX_SHARE / 2)
		PANIC("one sender starves another");
	if (greedy.held != PCN_TX_SHARE || pcn_held(&greedy) != PCN_TX_SHARE)
		PANIC("descriptors are miscounted");
	pcn_forget_sender(&modest);
	notice();
	if (greedy.held != 0 || modest.held != 0 ||
		pieces_done != PCN_TX_SHARE || frames_done != PCN_TX_SHARE / 2)
		PANIC("what was sent is not given back");
	return pcn_send_slot(&greedy, frame, len) == SP_OK ? PCN_SENT
							   : PCN_RECYCLE;
}

static enum pcn_verdict
answer_leftovers(uint8_t *frame, uint32_t len)
{
	enum { FCS = 4 };
	uint16_t n = 0;

	for (uint32_t i = len + FCS; i < PCN_RX_BYTES; i++)
		n = (uint16_t)(n + (frame[i] != 0));
	be16_put(frame + PARAMETERS_AT, n);
	return answer(frame, len);
}

static enum pcn_verdict
consume(uint8_t *frame, uint32_t len)
{
	nic.consumed++;
	switch (frame[OP_AT]) {
	case OP_ECHO:
		return answer(frame, len);
	case OP_COUNTERS:
		return answer_counters(frame);
	case OP_RESIZE:
		return answer(frame, parameter(frame, 0));
	case OP_GATHER:
		gather(frame);
		return PCN_RECYCLE;
	case OP_STOP:
		stop_chip();
		send_numbered(frame, pattern, pattern);
		notice();
		return answer(frame, len);
	case OP_STALL:
		stall(parameter(frame, 0));
		return PCN_RECYCLE;
	case OP_HOLD:
		hold(parameter(frame, 0));
		return PCN_RECYCLE;
	case OP_DRAIN:
		drain(frame);
		return answer(frame, len);
	case OP_ABANDON:
		abandon(frame);
		return answer(frame, len);
	case OP_SHARE:
		return share(frame, len);
	case OP_CUT:
		cut();
		return answer(frame, len);
	case OP_LEFTOVERS:
		return answer_leftovers(frame, len);
	case OP_PROMISCUOUS:
		pcn_promiscuous(parameter(frame, 0) != 0);
		return answer(frame, len);
	default:
		return PCN_RECYCLE;
	}
}

static void
done(struct pcn_sender *who, uint32_t paddr, bool last)
{
	pieces_done += paddr == paddr_of(pattern);
	frames_done += last && who == &greedy;
}

_Noreturn void
kernel_main(uint32_t a0)
{
	board_init(a0 == UINT32_MAX);
	trap_init();
	sched_init();
	for (uint32_t i = 0; i < PATTERN_BYTES; i++)
		pattern[i] = elsewhere[i] = (uint8_t)(7 * i + 1);
	i8259_init();
	if (pcn_init(slots, &nic, consume, done) < 0)
		PANIC("no NIC");
	pcn_start();
	irq_allow(IRQ_NIC);
	console_puts("wire: ready\n");
	sched_run();
}
