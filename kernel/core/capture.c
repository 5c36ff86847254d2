/*
 * capture.c - taps that also record: each frame they accept onto a tape.
 *
 * Received frames come here from receive.c, behind the classifier; sent ones from
 * the driver's one way out, while somebody watches it.  Nothing here decides what
 * becomes of a frame.
 */
#include "kernel/core/bind_table.h"
#include "kernel/core/classifier.h"
#include "kernel/core/info.h"
#include "kernel/core/ring.h"
#include "kernel/core/send.h"
#include "kernel/core/timer.h"
#include "kernel/dev/pcnet.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

enum {
	LIMIT = 1700,      /* instructions a frame, to record it on all tapes */
	RECORD_COST = 180, /* but for copying, which takes 20 for 32 bytes */
	WIRE_MIN = 60,
	SENT_IDS = 512, /* more than can accept a frame within its limit */
};

static struct {
	uint32_t cost[2]; /* of captures of what comes in, of what leaves */
	uint16_t ids[SENT_IDS];
	/* A sent frame in one piece, where filters and tapes want it. */
	uint8_t frame[PCN_SLOT / 2] __attribute__((aligned(4)));
} capture;

_Static_assert(SP_RECORD_FRAME_AT % 4 == PCN_FRAME_AT, "whole words move");
_Static_assert(sizeof(struct sp_record) <= SP_RECORD_FRAME_AT &&
		       (int)SP_SNAP_MAX == (int)PCN_FRAME_MAX,
	"part of the ABI");

/* --- which there may be ------------------------------------------------------ */

static uint32_t
cost_of(uint32_t snap)
{
	return RECORD_COST + (snap + 31) / 32 * 20;
}

static uint32_t *
account_of(const struct bind_entry *e)
{
	return &capture.cost[(e->flags & SP_BIND_OUT) != 0];
}

void
capture_joins(const struct bind_entry *e)
{
	if (bind_is_capture(e))
		*account_of(e) += cost_of(e->snap);
}

void
capture_leaves(const struct bind_entry *e)
{
	if (bind_is_capture(e))
		*account_of(e) -= cost_of(e->snap);
}

uint32_t
capture_cost(bool out)
{
	return capture.cost[out];
}

int
capture_check(struct bind_entry *n, const struct sp_bind *b)
{
	n->ring = ring_find(b->object);
	n->snap = b->ring;
	if (n->ring == NULL)
		return SP_ENOENT;
	if (ring_owner(n->ring) != n->owner)
		return SP_EPERM;
	if (!ring_is_tape(n->ring) || n->snap - 1 >= SP_SNAP_MAX)
		return SP_EINVAL;
	return *account_of(n) + cost_of(n->snap) <= LIMIT ? SP_OK : SP_EFULL;
}

/* --- recording --------------------------------------------------------------- */

/* FRAME is 2 modulo 4 and readable RING_SLACK bytes beyond LEN. */
static bool
record(const struct bind_entry *e, uint16_t slot, const struct sp_record *head,
	const uint8_t *frame, uint32_t len)
{
	uint32_t kept = len < e->snap ? len : e->snap;
	uint32_t bytes = (SP_RECORD_FRAME_AT + kept + 3) & ~3u;
	struct sp_record *r = ring_record(e->ring, bytes);

	if (r == NULL)
		return false;
	*r = *head;
	r->bytes = bytes;
	r->binding = slot;
	r->kept = (uint16_t)kept;
	/* Whole words, from two bytes before the frame to some behind it. */
	memcpy((uint8_t *)r + SP_RECORD_FRAME_AT - PCN_FRAME_AT,
		frame - PCN_FRAME_AT, (kept + PCN_FRAME_AT + 31) & ~31u);
	ring_record_done(e->ring, bytes);
	return true;
}

void
capture_frame(const uint16_t *ids, uint32_t n, const uint8_t *frame,
	uint32_t len, uint32_t flags, uint32_t who)
{
	uint64_t now = timer_clock();
	const struct sp_record head = {
		.time = { (uint32_t)now, (uint32_t)(now >> 32) },
		.who = who,
		.flags = (uint16_t)flags,
		.len = (uint16_t)len,
	};

	for (uint32_t i = 0; i < n; i++) {
		const struct bind_entry *e = &bind_table[ids[i]];
		struct sp_binding_info *b = bind_shown(ids[i]);

		b->packets++;
		b->bytes += len;
		b->last_count = (uint32_t)now;
		if (!bind_is_capture(e))
			continue;
		if (record(e, (uint16_t)(b - info.binding), &head, frame, len))
			b->delivered++;
		else
			b->dropped[SP_DROP_RING_FULL]++;
	}
}

/* --- what is sent ------------------------------------------------------------ */

/* N bytes from wherever somebody's memory has them; returns what follows. */
static uint8_t *
append(uint8_t *to, const uint8_t *from, uint32_t n)
{
	struct __attribute__((packed)) anywhere {
		uint32_t word;
	};

	for (; n > 0 && ((uintptr_t)to & 3) != 0; n--)
		*to++ = *from++;
	for (; n >= 32; n -= 32, to += 32, from += 32) {
		const struct anywhere *s = (const void *)from;
		uint32_t *d = (void *)to;

		d[0] = s[0].word;
		d[1] = s[1].word;
		d[2] = s[2].word;
		d[3] = s[3].word;
		d[4] = s[4].word;
		d[5] = s[5].word;
		d[6] = s[6].word;
		d[7] = s[7].word;
	}
	for (; n >= 4; n -= 4, to += 4, from += 4)
		*(uint32_t *)(void *)to =
			((const struct anywhere *)(const void *)from)->word;
	for (; n > 0; n--)
		*to++ = *from++;
	return to;
}

/* The frame in one piece, as long as it will be on the wire. */
static uint32_t
flatten(const uint8_t *head, uint32_t head_len, const struct pcn_piece *pieces,
	size_t n)
{
	uint8_t *at = capture.frame + PCN_FRAME_AT;
	uint32_t len;

	at = append(at, head, head_len);
	for (size_t i = 0; i < n; i++)
		at = append(at, (const void *)(KSEG0 + pieces[i].paddr),
			pieces[i].len);
	len = (uint32_t)(at - capture.frame) - PCN_FRAME_AT;
	for (; len < WIRE_MIN; len++)
		*at++ = 0;
	return len;
}

static void
watch(const struct pcn_sender *who, const uint8_t *head, uint32_t head_len,
	const struct pcn_piece *pieces, size_t n)
{
	const struct env *e = send_owner(who);
	const uint8_t *frame = head;
	uint32_t len = head_len, accepted;

	if (n > 0 || len < WIRE_MIN) {
		len = flatten(head, head_len, pieces, n);
		frame = capture.frame + PCN_FRAME_AT;
	}
	accepted = classifier_all(&bind_sent, frame, len, len, capture.ids);
	capture_frame(capture.ids, accepted, frame, len, SP_RECORD_OUT,
		e != NULL ? e->id : 0);
}

void
capture_changed(void)
{
	pcn_watch(bind_sent.filters > 0 ? watch : NULL);
	timer_keep(capture.cost[0] + capture.cost[1] > 0);
}
