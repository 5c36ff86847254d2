/*
 * store.c - frames cut into pieces of one size for one owner.
 *
 * A size stands for how many pieces a frame has, so little is wasted.  What is
 * larger than a frame has frames to itself.  A frame whose pieces have all come
 * back is free.
 */
#include "kernel/core/store.h"

#include "kernel/core/audit.h"
#include "kernel/core/page.h"
#include "kernel/panic.h"

#include <stdbool.h>
#include <stddef.h>

enum { MOST = 256 }; /* pieces a frame */

/* At the beginning of a frame. */
struct slab {
	struct slab *next, *prev; /* those with room, of one owner and size */
	void *free;               /* pieces that came back, chained */
	uint16_t cut;             /* how many pieces there are so far */
	uint16_t used;
	uint16_t most; /* pieces */
	uint16_t owner;
};

enum { ROOM = SP_PAGE - sizeof(struct slab) };

static struct slab *stores[SP_MAX_ENVS][MOST + 1];

static uint32_t
pages_of(uint32_t bytes)
{
	return (bytes + SP_PAGE - 1) / SP_PAGE;
}

static struct slab **
list_of(const struct slab *s)
{
	return &stores[s->owner][s->most];
}

static void
list_add(struct slab *s)
{
	struct slab **list = list_of(s);

	s->prev = NULL;
	s->next = *list;
	if (s->next != NULL)
		s->next->prev = s;
	*list = s;
}

static void
list_del(struct slab *s)
{
	if (s->next != NULL)
		s->next->prev = s->prev;
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		*list_of(s) = s->next;
}

static uint32_t
piece_bytes(uint32_t most)
{
	return ROOM / most & ~3u;
}

static struct slab *
new_slab(uint32_t owner, uint32_t most)
{
	int pfn = page_alloc_kernel(1, 0, owner + 1);

	if (pfn < 0)
		return NULL;

	struct slab *s = page_kva((uint32_t)pfn);

	s->owner = (uint16_t)owner;
	s->most = (uint16_t)most;
	list_add(s);
	return s;
}

static void *
take_piece(struct slab *s)
{
	void **p = s->free;

	if (p != NULL)
		s->free = *p;
	else
		p = (void *)((uint8_t *)(s + 1) +
			     s->cut++ * piece_bytes(s->most));
	if (++s->used == s->most)
		list_del(s);
	return p;
}

void *
store_get(const struct env *owner, uint32_t bytes)
{
	if (bytes > ROOM) {
		int pfn =
			page_alloc_kernel(pages_of(bytes), 0, owner->slot + 1);

		return pfn < 0 ? NULL : page_kva((uint32_t)pfn);
	}

	uint32_t room = (bytes + 3) & ~3u;
	uint32_t most = room * MOST < ROOM ? MOST : ROOM / room;
	struct slab *s = stores[owner->slot][most];

	if (s == NULL)
		s = new_slab(owner->slot, most);
	return s == NULL ? NULL : take_piece(s);
}

void
store_put(void *p, uint32_t bytes)
{
	uint32_t pfn = ((uint32_t)(uintptr_t)p - KSEG0) / SP_PAGE;

	if (p == NULL)
		return;
	if (bytes > ROOM) {
		page_free_kernel(pfn, pages_of(bytes));
		return;
	}

	struct slab *s = page_kva(pfn);

	KASSERT(s->used > 0);
	if (s->used-- == s->most)
		list_add(s);
	*(void **)p = s->free;
	s->free = p;
	if (s->used > 0)
		return;
	list_del(s);
	page_free_kernel(pfn, 1);
}

static bool
is_sound(const struct slab *s, uint32_t owner, uint32_t most)
{
	const struct sp_frame *f =
		page_frame(((uint32_t)(uintptr_t)s - KSEG0) / SP_PAGE);

	return f != NULL && f->kind == SP_FRAME_KERNEL &&
	       f->owner == owner + 1 && s->owner == owner && s->most == most &&
	       s->used > 0 && s->used < most && s->used <= s->cut &&
	       s->cut <= most;
}

void
store_audit(void)
{
	for (uint32_t owner = 0; owner < SP_MAX_ENVS; owner++)
		for (uint32_t most = 1; most <= MOST; most++)
			for (const struct slab *s = stores[owner][most];
				s != NULL; s = s->next)
				if (!is_sound(s, owner, most)) {
					audit_fail("env slot %u: its store",
						owner);
					break;
				}
}
