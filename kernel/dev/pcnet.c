/*
 * pcnet.c - frames in and out of the PCnet: the two rings and their slots.
 *
 * Every slot is in one place: the receive ring, the transmit ring, or the spare
 * stack.  The receive ring is always full, so spares and transmit ring share
 * PCN_TX_SLOTS slots and a free transmit descriptor implies a spare slot.  What
 * can wait until after the doorbell does.  Recovery is pcnet_reset.c; what
 * becomes of a frame is the consumer's matter (kernel/core).
 */
#include "pcnet_ring.h"

#include "../mips.h"
#include "../panic.h"

#define TX_WHOLE (DESC_OWN | DESC_STP | DESC_ENP)

/* The flags that decide, in the top byte: OWN, ERR, STP and ENP. */
#define DESC_STATE       ((DESC_OWN | DESC_ERR | DESC_STP | DESC_ENP) >> 24)
#define DESC_STATE_WHOLE ((DESC_STP | DESC_ENP) >> 24)

enum {
	FCS = 4,
	FRAME_MIN = 14,      /* an Ethernet header */
	WIRE_MIN = 60,       /* what Ethernet carries at least, without FCS */
	RX_FRAME_COST = 350, /* instructions, but for copying and clearing */
	/* The next frame overwrites at least this much of its slot. */
	DIRTY_FROM = PCN_FRAME_AT + WIRE_MIN + FCS - 2,
};
_Static_assert(DIRTY_FROM % 32 == 0, "cleared in steps of 32 bytes");

struct pcn pcn;

static const uint8_t padding[WIRE_MIN];

/* --- slots ----------------------------------------------------------------- */

/* Forget what a frame of LEN bytes left beyond the shortest frame. */
static void
slot_clear(uint8_t *slot, uint32_t len)
{
	uint32_t *p = (uint32_t *)(void *)(slot + DIRTY_FROM);
	const uint8_t *end = slot + PCN_FRAME_AT + len;

	for (; (const uint8_t *)p < end; p += 8) {
		p[0] = 0;
		p[1] = 0;
		p[2] = 0;
		p[3] = 0;
		p[4] = 0;
		p[5] = 0;
		p[6] = 0;
		p[7] = 0;
	}
}

/* The slot that word SLOT of a transmit descriptor names. */
static inline uint8_t *
slot_of(uint32_t word)
{
	return (uint8_t *)(uintptr_t)((word & ~(PCN_SLOT - 1u)) | KSEG0);
}

static uint8_t *
spare_pop(void)
{
	KASSERT(pcn.spares > 0);
	return pcn.spare[--pcn.spares];
}

/* --- transmit -------------------------------------------------------------- */

/* Whom the descriptor D is charged to. */
static inline struct pcn_sender **
tx_holder(const struct pcn_desc *d)
{
	return &pcn.who[ring_index(d, PCN_TX_SLOTS)];
}

/* WHO, or nobody, holds what *AT stands for from now on. */
static void
tx_hold(struct pcn_sender **at, struct pcn_sender *who)
{
	if (*at != NULL && (*at)->held-- == PCN_TX_SHARE)
		pcn.tx_crowded--;
	*at = who;
	if (who != NULL && ++who->held == PCN_TX_SHARE)
		pcn.tx_crowded++;
}

/* May a slot be sent without asking whose it is? */
static void
tx_judge(void)
{
	pcn.tx_quick = pcn.tx_crowded == 0 ? pcn.tx_free : 0;
}

/* Take back one descriptor the chip is done with; count what became of it. */
static void
tx_retire(struct pcn_desc *d)
{
	uint32_t flags = desc_take(d);
	uint32_t slot = desc_get(&d->slot);
	struct pcn_sender *who = *tx_holder(d);

	tx_hold(tx_holder(d), NULL);
	if (slot == SLOT_PIECE)
		pcn.done(who, desc_get(&d->addr), (flags & DESC_ENP) != 0);

	if ((flags & DESC_STP) != 0) {
		pcn.tx_bytes = 0;
		pcn.tx_failed = false;
	}
	pcn.tx_bytes += DESC_COUNT(flags);
	if ((flags & DESC_ERR) != 0) {
		if (!pcn.tx_failed)
			pcn.info->send_errors++;
		pcn.tx_failed = true;
		if ((desc_get(&d->status) & DESC_TX_UFLO) != 0)
			pcn.sick = true;
	} else if ((flags & DESC_ENP) != 0 && !pcn.tx_failed) {
		pcn.info->sent++;
		pcn.info->sent_bytes += pcn.tx_bytes;
	}
	if (slot > SLOT_PIECE) {
		uint8_t *base = slot_of(slot);

		slot_clear(base, slot & (PCN_SLOT - 1u));
		pcn.spare[pcn.spares++] = base;
	}
	desc_set(&d->slot, 0);
	desc_set(&d->status, 0);
}

void
pcn_tx_reclaim(void)
{
	while (pcn.tx_free < PCN_TX_SLOTS) {
		struct pcn_desc *d = pcn.tx_oldest;

		if ((desc_get(&d->flags) & DESC_OWN) != 0)
			break;
		tx_retire(d);
		pcn.tx_oldest = ring_next(d, PCN_TX_SLOTS);
		pcn.tx_free++;
	}
	tx_judge();
}

/* Make room for N descriptors; a chip that has stopped is set going again. */
static bool
tx_make_room(uint32_t n)
{
	if (!pcn.started) /* perhaps there is no chip at all */
		return false;
	pcn_tx_reclaim();
	if (pcn.tx_free >= n)
		return true;
	pcn_check();
	pcn_tx_reclaim();
	return pcn.tx_free >= n;
}

/* Has WHO's share room for N more descriptors? */
static bool
may_hold(const struct pcn_sender *who, uint32_t n)
{
	return who == NULL || who->held + n <= PCN_TX_SHARE;
}

/* Likewise, and are they there?  If so, whoever watches sees the frame. */
static __attribute__((noinline)) bool
tx_grant_slowly(const struct pcn_sender *who, uint32_t need, uint32_t head_len,
	const struct pcn_piece *pieces, size_t n)
{
	if (!may_hold(who, need) || pcn.tx_free < need)
		if (!tx_make_room(need) || !may_hold(who, need))
			return false;
	if (pcn.watch != NULL)
		pcn.watch(who, pcn.head + PCN_FRAME_AT, head_len, pieces, n);
	return true;
}

/* The same; quick if nobody is crowded and nobody watches. */
static inline bool
tx_grant(const struct pcn_sender *who, uint32_t need, uint32_t head_len,
	const struct pcn_piece *pieces, size_t n)
{
	return (pcn.tx_quick >= need && may_hold(who, need)) ||
	       tx_grant_slowly(who, need, head_len, pieces, n);
}

/* A watch makes a crowd: every frame then takes the slow way past it. */
void
pcn_watch(pcn_watch_t watch)
{
	pcn.tx_crowded += watch != NULL;
	pcn.tx_crowded -= pcn.watch != NULL;
	pcn.watch = watch;
	tx_judge();
}

/*
 * After the doorbell: the next N descriptors are WHO's, the first one's slot word
 * names the slot and its longest content.
 */
static void
tx_posted(struct pcn_sender *who, uint32_t n, uint32_t slot)
{
	struct pcn_desc *d = pcn.tx;

	tx_hold(tx_holder(d), who);
	desc_set(&d->slot, slot);
	pcn.tx_free -= n;
	for (; n > 0; n--)
		d = ring_next(d, PCN_TX_SLOTS);
	pcn.tx = d;
	pcn_tx_reclaim();
}

bool
pcn_reads(uint32_t page)
{
	struct pcn_desc *d;

	if (pcn.tx_free == PCN_TX_SLOTS)
		return false;
	csr0_write(pcn.base, CSR0_TDMD | CSR0_IENA);
	if (tx_make_room(PCN_TX_SLOTS))
		return false;
	d = pcn.tx_oldest;
	for (uint32_t n = PCN_TX_SLOTS - pcn.tx_free; n > 0; n--) {
		if (desc_is_in(d, page))
			return true;
		d = ring_next(d, PCN_TX_SLOTS);
	}
	return false;
}

/* Take the N descriptors from D on out of the ring, unsent. */
static void
tx_drop(struct pcn_desc *d, uint32_t n)
{
	for (; n > 0; n--) {
		uint32_t flags = desc_get(&d->flags);

		desc_set(&d->flags, (flags & ~DESC_OWN) | DESC_ERR);
		tx_retire(d);
		d = ring_next(d, PCN_TX_SLOTS);
		pcn.tx_free++;
	}
}

/* Move N descriptors from D to TO, which may be the same; returns what follows
 * TO then. */
static struct pcn_desc *
tx_move(struct pcn_desc *to, struct pcn_desc *d, uint32_t n)
{
	for (; n > 0; n--) {
		uint32_t addr = desc_get(&d->addr), slot = desc_get(&d->slot);
		uint32_t flags = desc_get(&d->flags);
		struct pcn_sender *who = *tx_holder(d);

		tx_hold(tx_holder(d), NULL);
		desc_set(&d->flags, 0);
		desc_set(&d->slot, 0);
		desc_set(&to->addr, addr);
		desc_set(&to->flags, flags);
		desc_set(&to->slot, slot);
		tx_hold(tx_holder(to), who);
		d = ring_next(d, PCN_TX_SLOTS);
		to = ring_next(to, PCN_TX_SLOTS);
	}
	return to;
}

void
pcn_tx_sieve(uint32_t page)
{
	struct pcn_desc *to, *d;
	uint32_t left, n;

	pcn_tx_reclaim();
	to = d = pcn.tx_oldest;
	for (left = PCN_TX_SLOTS - pcn.tx_free; left > 0; left -= n) {
		struct pcn_desc *first = d;
		bool hit = false, last = false;

		for (n = 0; n < left && !last; n++) {
			hit = hit || desc_is_in(d, page);
			last = (desc_get(&d->flags) & DESC_ENP) != 0;
			d = ring_next(d, PCN_TX_SLOTS);
		}
		if (hit)
			tx_drop(first, n);
		else
			to = tx_move(to, first, n);
	}
	pcn.tx = to;
	tx_judge();
}

void
pcn_forget_sender(const struct pcn_sender *who)
{
	for (uint32_t i = 0; i < PCN_TX_SLOTS; i++)
		if (pcn.who[i] == who)
			tx_hold(&pcn.who[i], NULL);
	tx_judge();
}

/* The frame in hand was sent from its slot: the receive ring gets a spare. */
static __attribute__((noinline)) int
slot_sent(struct pcn_sender *who, const uint8_t *frame, uint32_t len)
{
	struct pcn_desc *rx = pcn.rx;
	uint32_t held = desc_get(&rx->status) & DESC_RX_MCNT;
	uint32_t slot = paddr_of(frame) - PCN_FRAME_AT;

	KASSERT(frame == desc_frame(rx));
	pcn_rx_slot(rx, spare_pop());
	tx_posted(who, 1, slot | (held > len ? held : len));
	return SP_OK;
}

static inline int
send_slot(struct pcn_sender *who, const uint8_t *frame, uint32_t len)
{
	struct pcn_desc *d = pcn.tx;

	desc_set(&d->addr, paddr_of(frame));
	desc_give(d, TX_WHOLE | DESC_BYTES(len));
	csr0_write(pcn.base, CSR0_TDMD | CSR0_IENA);
	return slot_sent(who, frame, len);
}

/* What pcn_send_slot() does not do at once: pad, find room. */
static __attribute__((noinline)) int
send_slot_slowly(struct pcn_sender *who, uint8_t *frame, uint32_t len)
{
	KASSERT(len >= FRAME_MIN && len <= PCN_FRAME_MAX);
	for (; len < WIRE_MIN; len++) /* the chip does not pad */
		frame[len] = 0;
	pcn_tx_reclaim();
	if (may_hold(who, 1) && pcn.tx_free > 0) {
		if (pcn.watch != NULL)
			pcn.watch(who, frame, len, NULL, 0);
		return send_slot(who, frame, len);
	}
	pcn.sick = pcn.sick || pcn.tx_free == 0; /* perhaps: look at it */
	return SP_EFULL;
}

/* The quick way needs no stack: it calls nothing before the doorbell. */
int
pcn_send_slot(struct pcn_sender *who, uint8_t *frame, uint32_t len)
{
	if (__builtin_expect(len - WIRE_MIN <= PCN_FRAME_MAX - WIRE_MIN &&
				     pcn.tx_quick != 0,
		    1))
		return send_slot(who, frame, len);
	return send_slot_slowly(who, frame, len);
}

/* Bytes of the whole frame, or 0 if it is none the wire takes. */
static uint32_t
gather_length(uint32_t head_len, const struct pcn_piece *pieces, size_t n)
{
	uint32_t total = head_len;

	if (head_len == 0 || head_len > PCN_FRAME_MAX || n > PCN_PIECES)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (pieces[i].len > PCN_FRAME_MAX - total)
			return 0;
		total += pieces[i].len;
	}
	return total >= FRAME_MIN ? total : 0;
}

uint8_t *
pcn_head(void)
{
	if (pcn.tx_free == 0 && !tx_make_room(1))
		return NULL;
	pcn.head = spare_pop();
	return pcn.head + PCN_FRAME_AT;
}

void
pcn_head_forget(uint32_t len)
{
	KASSERT(len <= PCN_RX_BYTES);
	slot_clear(pcn.head, len);
	pcn.spare[pcn.spares++] = pcn.head;
}

/* Append one buffer to the frame being built; the chip may have it. */
static struct pcn_desc *
tx_append(struct pcn_desc *d, uint32_t paddr, uint32_t len, uint32_t flags)
{
	desc_set(&d->addr, paddr);
	desc_give(d, DESC_OWN | flags | DESC_BYTES(len));
	return ring_next(d, PCN_TX_SLOTS);
}

/* All but the head of a frame of TOTAL bytes; returns what follows it. */
static struct pcn_desc *
append_pieces(struct pcn_desc *d, struct pcn_sender *who,
	const struct pcn_piece *pieces, uint32_t head_len, uint32_t total)
{
	uint32_t left = total - head_len;

	for (; left > 0; pieces++) {
		if (pieces->len == 0)
			continue;
		left -= pieces->len;
		desc_set(&d->slot, SLOT_PIECE);
		tx_hold(tx_holder(d), who);
		d = tx_append(d, pieces->paddr, pieces->len,
			left == 0 && total >= WIRE_MIN ? DESC_ENP : 0);
	}
	if (total < WIRE_MIN) {
		tx_hold(tx_holder(d), who);
		d = tx_append(d, paddr_of(padding), WIRE_MIN - total, DESC_ENP);
	}
	return d;
}

int
pcn_send(struct pcn_sender *who, uint32_t head_len,
	const struct pcn_piece *pieces, size_t n)
{
	uint32_t total = gather_length(head_len, pieces, n);
	struct pcn_desc *first, *next;
	uint32_t used, most = (uint32_t)n + 1 + (total < WIRE_MIN);

	if (total == 0 || !tx_grant(who, most, head_len, pieces, n)) {
		pcn_head_forget(head_len);
		return total == 0 ? SP_EINVAL : SP_EFULL;
	}
	first = pcn.tx;
	next = append_pieces(
		ring_next(first, PCN_TX_SLOTS), who, pieces, head_len, total);
	used = ring_index(next, PCN_TX_SLOTS) - ring_index(first, PCN_TX_SLOTS);
	used &= PCN_TX_SLOTS - 1;
	/* The first one last: from here on the chip may read all of them. */
	tx_append(first, paddr_of(pcn.head) + PCN_FRAME_AT, head_len,
		DESC_STP | (used == 1 ? DESC_ENP : 0));
	csr0_write(pcn.base, CSR0_TDMD | CSR0_IENA);
	tx_posted(who, used, paddr_of(pcn.head) | head_len);
	if (pcn.sick)
		pcn_check();
	return SP_OK;
}

/* --- receive --------------------------------------------------------------- */

void
pcn_rx_slot(struct pcn_desc *d, uint8_t *slot)
{
	uint8_t *frame = slot + PCN_FRAME_AT;

	desc_set(&d->addr, paddr_of(frame));
	desc_set(&d->slot, (uint32_t)(uintptr_t)frame);
}

void
pcn_rx_give(struct pcn_desc *d)
{
	desc_set(&d->status, 0);
	desc_give(d, DESC_OWN | DESC_BYTES(PCN_RX_BYTES));
}

/* One comparison: it is ours, has no error, is first and last of its frame. */
static inline bool
is_whole(uint32_t flags, uint32_t mcnt)
{
	return ((flags >> 24 ^ DESC_STATE_WHOLE) & DESC_STATE) == 0 &&
	       mcnt - (FRAME_MIN + FCS) <= PCN_FRAME_MAX - FRAME_MIN;
}

/*
 * No whole good frame: a descriptor that is the chip's, a frame with an error or
 * an absurd length, or a piece of an oversized one.  Returns false for the
 * first, true when there is another descriptor to look at.
 *
 * QEMU's chip gives a descriptor back before it has written the length and the
 * last flags, and we may be looking at that very moment.  It answers a register
 * read only when it is done with the frame, so we read one and look again.
 */
static __attribute__((noinline)) bool
rx_bad(void)
{
	struct pcn_desc *d = pcn.rx;
	uint32_t flags = desc_get(&d->flags);

	if ((flags & DESC_OWN) != 0)
		return false;
	(void)csr0_read(pcn.base);
	flags = desc_take(d);
	if (is_whole(flags, desc_get(&d->status) & DESC_RX_MCNT))
		return true;
	if ((flags & DESC_STP) != 0) { /* once for all of its pieces */
		pcn.info->received++;
		pcn.info->dropped[SP_DROP_BAD]++;
	}
	slot_clear(desc_frame(d) - PCN_FRAME_AT, PCN_RX_BYTES);
	pcn_rx_give(d);
	pcn.rx = ring_next(d, PCN_RX_SLOTS);
	return true;
}

/* The consumer is done; the descriptor goes back with a clean slot. */
static __attribute__((noinline)) void
rx_done(enum pcn_verdict verdict)
{
	struct pcn_desc *d = pcn.rx; /* a recovery may have moved it */
	uint32_t mcnt = desc_get(&d->status) & DESC_RX_MCNT;

	if (verdict == PCN_AGAIN) {
		pcn.rx_spent += PCN_RX_COST;
		return;
	}
	pcn.info->received++;
	pcn.info->bytes += mcnt - FCS;
	/* A word is copied and cleared by some four instructions. */
	pcn.rx_spent += RX_FRAME_COST + pcn.rx_cost + mcnt;
	if (verdict == PCN_RECYCLE && mcnt > WIRE_MIN + FCS)
		slot_clear(desc_frame(d) - PCN_FRAME_AT, mcnt);
	pcn_rx_give(d);
	pcn.rx = ring_next(d, PCN_RX_SLOTS);
}

void
pcn_credit(void)
{
	pcn.rx_credit = PCN_RX_BUDGET;
}

void
pcn_frame_cost(uint32_t n)
{
	pcn.rx_cost = n;
}

void
pcn_spend(uint32_t n)
{
	pcn.rx_spent += n;
}

/* Take one frame if there is one, good or bad. */
static inline bool
rx_take(void)
{
	struct pcn_desc *d = pcn.rx;
	uint32_t flags = desc_take(d);
	uint32_t mcnt = desc_get(&d->status) & DESC_RX_MCNT;

	if (!is_whole(flags, mcnt))
		return rx_bad();
	rx_done(pcn.consume(desc_frame(d), mcnt - FCS));
	return true;
}

/*
 * After the first look: acknowledge, then look again, so that what comes later
 * interrupts again.
 */
static __attribute__((noinline)) enum pcn_rest
rx_go_on(bool found)
{
	bool in_vain = !found;

	pcn.info->interrupts++;
	csr0_write(pcn.base, CSR0_RINT | CSR0_TINT | CSR0_IENA);
	do {
		if (found && --pcn.rx_credit == 0)
			return PCN_SPENT;
		if (pcn.rx_spent >= PCN_RX_COST || (found && pcn.sick))
			return PCN_MORE; /* its cure is an interrupt's work */
		found = rx_take();
		in_vain = in_vain && !found;
	} while (found);
	if (in_vain)
		pcn_check(); /* woken for nothing: is the chip well? */
	pcn_credit();
	return PCN_DONE;
}

enum pcn_rest
pcn_interrupt(void)
{
	pcn.rx_spent = 0;
	return rx_go_on(rx_take());
}
