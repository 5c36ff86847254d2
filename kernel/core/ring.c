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
};

static struct ring rings[SP_MAX_RINGS];

_Static_assert(sizeof(struct sp_ring) <= SP_PAGE, "control page");

int
ring_create(struct env *e, uint32_t pfn, uint32_t pages)
{
	uint32_t at = 0;

	if (pages < 2 || pages > SP_RING_PAGES)
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
	r->head = 0;
	r->slots = (pages - 1) * (SP_PAGE / SP_RING_SLOT);
	r->control = page_kva(pfn);
	r->data = page_kva(pfn + 1);
	r->id = (at + 1) | r->generation << 8;
	env_info(e)->rings++;
	page_pin(pfn, pages);
	memset(r->control, 0, SP_PAGE);
	r->control->slots = r->slots;
	r->control->id = r->id;
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
			r->slots != (r->pages - 1) * (SP_PAGE / SP_RING_SLOT))
			audit_fail("ring %u: is not in its frames", i);
		for (uint32_t p = 0; p < r->pages; p++)
			audit_saw_pin(r->pfn + p);
	}
	audit_counts("rings", owned, offsetof(struct sp_env_info, rings));
}
