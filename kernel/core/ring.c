/*
 * ring.c - delivery into packet rings.
 *
 * Of what the owner can write only tail is read, once, and a tail that makes no
 * sense reads as a full ring: it costs its owner frames and nobody else
 * anything.
 */
#include "kernel/core/ring.h"

#include "kernel/core/audit.h"
#include "kernel/core/bind.h"
#include "kernel/core/page.h"
#include "kernel/core/sched.h"
#include "kernel/core/timer.h"
#include "kernel/dev/pcnet.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"
#include "kernel/mmio.h"

#include <stddef.h>

struct ring {
	uint32_t id; /* slot | generation << 8; 0: free */
	uint32_t generation;
	struct env *owner;
	struct sp_ring *control;
	uint8_t *data;
	uint32_t pfn, pages;
	uint32_t head, slots; /* ours: what the owner sees is a copy */
	uint32_t bytes;       /* of a tape; 0: it is none, and has slots */
	uint32_t shown;       /* a tape's head as its owner sees it */
	uint32_t told;        /* CP0 Count when its owner heard of a full one */
};

static struct ring rings[SP_MAX_RINGS];

enum { TELL_COUNTS = 16666667 }; /* 100 ms between two reminders */

_Static_assert(sizeof(struct sp_ring) <= SP_PAGE, "control page");
_Static_assert(
	offsetof(struct sp_ring, tail) == offsetof(struct sp_tape, tail) &&
		offsetof(struct sp_ring, drops) ==
			offsetof(struct sp_tape, drops),
	"a tape's control page is like a ring's");

static void
stamp(struct sp_tape *t)
{
	uint32_t status = irq_off();
	uint64_t now = timer_clock();

	irq_restore(status);
	t->time[0] = (uint32_t)now;
	t->time[1] = (uint32_t)(now >> 32);
}

int
ring_create(struct env *e, uint32_t pfn, uint32_t pages, bool tape)
{
	uint32_t at = 0;

	if (pages < 2 || pages > (tape ? SP_TAPE_PAGES : SP_RING_PAGES) ||
		(tape && ((pages - 1) & (pages - 2)) != 0))
		return SP_EINVAL;
	while (at < SP_MAX_RINGS && rings[at].id != 0)
		at++;
	if (at == SP_MAX_RINGS)
		return SP_EFULL;

	struct ring *r = &rings[at];

	r->generation = (r->generation + 1) & 0xffff;
	r->owner = e;
	r->pfn = pfn;
	r->pages = pages;
	r->head = r->shown = 0;
	r->slots = tape ? 0 : (pages - 1) * (SP_PAGE / SP_RING_SLOT);
	r->bytes = tape ? (pages - 1) * SP_PAGE : 0;
	r->told = cp0_get_count();
	r->control = page_kva(pfn);
	r->data = page_kva(pfn + 1);
	r->id = (at + 1) | r->generation << 8;
	env_info(e)->rings++;
	page_pin(pfn, pages);
	memset(r->control, 0, SP_PAGE);
	r->control->slots = tape ? r->bytes : r->slots;
	r->control->id = r->id;
	if (tape)
		stamp((void *)r->control);
	return (int)r->id;
}

struct ring *
ring_find(uint32_t id)
{
	uint32_t at = (id & 0xff) - 1;

	return at < SP_MAX_RINGS && rings[at].id == id ? &rings[at] : NULL;
}

struct env *
ring_owner(const struct ring *r)
{
	return r->owner;
}

uint32_t
ring_slot(const struct ring *r)
{
	return (uint32_t)(r - rings);
}

bool
ring_is_tape(const struct ring *r)
{
	return r->bytes != 0;
}

void
ring_destroy(struct ring *r)
{
	r->id = 0;
	env_info(r->owner)->rings--;
	page_unpin(r->pfn, r->pages);
}

void
ring_forget_owner(const struct env *e)
{
	for (int i = 0; i < SP_MAX_RINGS; i++)
		if (rings[i].id != 0 && rings[i].owner == e)
			ring_destroy(&rings[i]);
}

void
ring_break(struct ring *r)
{
	bind_break_ring(r);
	ring_destroy(r);
	env_notify(r->owner, SP_EVENT_REVOKE);
}

uint32_t
ring_take(const struct env *e)
{
	for (uint32_t i = SP_MAX_RINGS; i > 0; i--) {
		uint32_t id = rings[i - 1].id;

		if (id == 0 || rings[i - 1].owner != e)
			continue;
		ring_break(&rings[i - 1]);
		return id;
	}
	return 0;
}

void
ring_break_frame(uint32_t pfn, const struct env *keep)
{
	for (int i = 0; i < SP_MAX_RINGS; i++)
		if (rings[i].id != 0 && rings[i].owner != keep &&
			pfn - rings[i].pfn < rings[i].pages)
			ring_break(&rings[i]);
}

/*
 * Slots of the NIC and of rings are laid out alike, so whole words move; what
 * follows the frame in its slot is clear (dev/pcnet.c).
 */
static void
copy_frame(uint8_t *slot, const uint8_t *from, uint32_t len)
{
	_Static_assert(
		(int)SP_RING_FRAME_AT == (int)PCN_FRAME_AT, "whole words move");
	memcpy(slot, from, (len + SP_RING_FRAME_AT + 31) & ~31u);
}

bool
ring_deliver(struct ring *r, const uint8_t *frame, uint32_t len,
	uint32_t binding, bool upcall)
{
	uint32_t tail = mmio_read32((uintptr_t)&r->control->tail);
	uint32_t at = r->head % r->slots;

	if (r->head - tail >= r->slots ||
		len > SP_RING_SLOT - SP_RING_FRAME_AT) {
		r->control->drops++;
		return false;
	}
	copy_frame(r->data + at * SP_RING_SLOT, frame - SP_RING_FRAME_AT, len);
	r->control->slot[at].len = (uint16_t)len;
	r->control->slot[at].binding = (uint16_t)binding;
	r->control->slot[at].count = cp0_get_count();
	/* The slot before the index that hands it over. */
	dma_barrier();
	r->control->head = ++r->head;
	if (upcall && r->owner->upcall_pc != 0)
		upcall_request(r->owner);
	else
		env_post(r->owner, SP_EVENT_RING);
	return true;
}

/* --- tapes ------------------------------------------------------------------ */

/* The tape is full: the owner hears of it, though not at every frame. */
static void
record_lost(struct ring *r)
{
	uint32_t now = cp0_get_count();

	r->control->drops++;
	if (now - r->told < TELL_COUNTS)
		return;
	r->told = now;
	env_post(r->owner, SP_EVENT_RING);
}

struct sp_record *
ring_record(struct ring *r, uint32_t bytes)
{
	uint32_t used = r->head - mmio_read32((uintptr_t)&r->control->tail);
	uint32_t at = r->head & (r->bytes - 1), end = r->bytes - at;
	uint32_t skip = end < bytes + RING_SLACK ? end : 0;

	if (used > r->bytes || r->bytes - used < skip + bytes + RING_SLACK) {
		record_lost(r);
		return NULL;
	}
	if (skip != 0) {
		*(uint32_t *)(void *)(r->data + at) = SP_RECORD_SKIP | skip;
		r->head += skip;
		at = 0;
	}
	return (void *)(r->data + at);
}

void
ring_record_done(struct ring *r, uint32_t bytes)
{
	uint32_t tail = mmio_read32((uintptr_t)&r->control->tail);
	uint32_t used = r->shown - tail, half = r->bytes / 2;

	/* The record before the index that hands it over. */
	dma_barrier();
	r->shown = r->head += bytes;
	r->control->head = r->head;
	if (used == 0 || (used < half && r->head - tail >= half))
		env_post(r->owner, SP_EVENT_RING);
}

void
ring_audit(void)
{
	uint32_t owned[SP_MAX_ENVS] = { 0 };

	for (uint32_t i = 0; i < SP_MAX_RINGS; i++) {
		const struct ring *r = &rings[i];

		if (r->id == 0)
			continue;
		if (audit_owner(r->owner, "ring", i) != NULL)
			owned[r->owner->slot]++;
		if ((r->id & 0xff) != i + 1 || r->control != page_kva(r->pfn) ||
			r->data != (uint8_t *)page_kva(r->pfn + 1) ||
			(r->bytes != 0 ? r->bytes != (r->pages - 1) * SP_PAGE
				       : r->slots != (r->pages - 1) * 2))
			audit_fail("ring %u: is not in its frames", i);
		for (uint32_t p = 0; p < r->pages; p++)
			audit_saw_pin(r->pfn + p);
	}
	audit_counts("rings", owned, offsetof(struct sp_env_info, rings));
}
