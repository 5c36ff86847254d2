/*
 * pcnet.h - the AMD PCnet NIC (Am79C970A) as the rest of the kernel sees it.
 *
 * Frames lie in 4 KiB slots, 4 KiB aligned, first byte at +2; a slot belongs to
 * the NIC, to the frame being handled, or to the spare stack.
 */
#ifndef KERNEL_DEV_PCNET_H
#define KERNEL_DEV_PCNET_H

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PCN_RX_SLOTS = 128, /* receive descriptors */
	PCN_TX_SLOTS = 64,
	PCN_SLOT = 4096,
	PCN_FRAME_AT = 2,
	PCN_FRAME_MAX = 1518, /* longest frame without FCS we take or send */
	PCN_RX_BUDGET = 64,   /* frames in a row before others get a turn */
	PCN_RX_COST =
		2000, /* instructions an interrupt, give or take a frame */
	PCN_PIECES = 2 * SP_GATHER,      /* of a sent frame, behind its head */
	PCN_TX_SHARE = PCN_TX_SLOTS / 4, /* descriptors a sender may hold */
};

/* Who sends, as far as the driver remembers it.  All zero at first. */
struct pcn_sender {
	uint32_t held; /* transmit descriptors */
};

/* What becomes of the slot after the consumer has seen its frame. */
enum pcn_verdict {
	PCN_RECYCLE, /* back to the receive ring */
	PCN_SENT,    /* pcn_send_slot() took it */
	PCN_AGAIN,   /* it is not done: show it again in the next interrupt */
};

/*
 * Called for each good frame, interrupts off: FRAME is slot + 2, LEN without
 * FCS.  Set once before pcn_start().
 */
typedef enum pcn_verdict (*pcn_consumer_t)(uint8_t *frame, uint32_t len);

/*
 * Called when the chip is done with a piece at PADDR, the LAST one of its frame or
 * not; interrupts off.  WHO is NULL if that sender was forgotten.
 */
typedef void (*pcn_done_t)(struct pcn_sender *who, uint32_t paddr, bool last);

/*
 * Find and reset the chip, read its address into INFO->mac.  SLOTS is
 * (PCN_RX_SLOTS + PCN_TX_SLOTS) zeroed slots, 4 KiB aligned, kseg0.  Counters go
 * to INFO.  Returns SP_OK, SP_ENOENT (no such device) or SP_ETIME (did not
 * initialise).
 */
int pcn_init(uint8_t *slots, struct sp_nic_info *info, pcn_consumer_t consume,
	pcn_done_t done) SP_MUST_CHECK;

/* Another consumer from the next frame on. */
void pcn_set_consumer(pcn_consumer_t consume);

/* Start receiving. */
void pcn_start(void);

/* Take frames for any address, or (as at first) ours and group addresses.
 * Restarts the chip; frames that wait in the rings are kept. */
void pcn_promiscuous(bool on);

enum pcn_rest {
	PCN_DONE,  /* no frame is left; the next one interrupts */
	PCN_MORE,  /* call again soon: nothing else will make you */
	PCN_SPENT, /* the same, but not before pcn_credit(): others' turn */
};

/*
 * Interrupt: acknowledge and take frames, as many as cost about PCN_RX_COST
 * instructions.  The credit is PCN_RX_BUDGET frames; it is renewed by pcn_credit()
 * and whenever none is left.  Interrupts off; never from inside the consumer.
 */
enum pcn_rest pcn_interrupt(void);
void pcn_credit(void);

/* Each frame takes N instructions before it is known whose it is. */
void pcn_frame_cost(uint32_t n);

/* From the consumer: this frame took N instructions more than copying it. */
void pcn_spend(uint32_t n);

/*
 * Send the received frame in its own slot (receive buffer becomes transmit
 * buffer).  To be called only from the consumer, which then returns PCN_SENT.
 * LEN 14..PCN_FRAME_MAX, padded to 60.  WHO NULL: the kernel itself.  Returns SP_OK,
 * or SP_EFULL as pcn_send().
 */
int pcn_send_slot(
	struct pcn_sender *who, uint8_t *frame, uint32_t len) SP_MUST_CHECK;

/*
 * Send a head followed by pieces in pinned memory (physical addresses).  The head
 * is put first where pcn_head() says: nobody else can write there, so what is
 * checked is what is sent.  NULL: there is no room, as if SP_EFULL.  After that
 * either pcn_send() with its length, or pcn_head_forget(); interrupts off from
 * the first to the second.  A frame below 60 bytes is padded with zeros.
 * INFO->sent counts it when the chip is done with it.
 *
 * pcn_send returns SP_OK, or forgets the head and returns
 *	SP_EINVAL	no head, more than PCN_PIECES pieces, or the whole is not
 *			14..PCN_FRAME_MAX bytes
 *	SP_EFULL	no descriptor is free, WHO would hold more than its share,
 *			or the chip was not started
 */
struct pcn_piece {
	uint32_t paddr, len;
};
/*
 * WATCH sees each frame that is about to be sent, by whomever: its head and pieces,
 * or the whole of it as head, perhaps before its padding; interrupts off.  NULL:
 * nobody does, and nothing is spent on it.
 */
typedef void (*pcn_watch_t)(const struct pcn_sender *who, const uint8_t *head,
	uint32_t head_len, const struct pcn_piece *pieces, size_t n);
void pcn_watch(pcn_watch_t watch);

uint8_t *pcn_head(void);
void pcn_head_forget(uint32_t len);
int pcn_send(struct pcn_sender *who, uint32_t head_len,
	const struct pcn_piece *pieces, size_t n) SP_MUST_CHECK;

/* WHO ends: what it sent is nobody's from now on.  Interrupts off. */
void pcn_forget_sender(const struct pcn_sender *who);

/* How many descriptors are charged to WHO, counted. */
uint32_t pcn_held(const struct pcn_sender *who);

/* Call SEE with the address of each piece that still waits.  Interrupts off. */
void pcn_pieces(void (*see)(uint32_t paddr));

/*
 * Has the chip frames to send of which a piece lies in the page at physical
 * address PAGE?  Reminds it of them.  pcn_abandon restarts it without them.
 * Interrupts off.
 */
bool pcn_reads(uint32_t page);
void pcn_abandon(uint32_t page);

/*
 * Re-read slow counters (missed frames, link) into INFO.  About 60 instructions;
 * call it every tick or when asked.  False: the chip is not well; an interrupt
 * without frames sets it going again.
 */
bool pcn_refresh(void);

#endif /* KERNEL_DEV_PCNET_H */
