/*
 * bind_table.c - flows and bindings: their slots, their lists, what of them is
 * exposed.
 */
#include "kernel/core/bind_table.h"

#include "kernel/core/audit.h"
#include "kernel/core/classifier.h"
#include "kernel/core/handler.h"
#include "kernel/core/info.h"
#include "kernel/core/ring.h"
#include "kernel/core/slots.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

struct bind_entry bind_table[BIND_PATHS];

_Static_assert((int)SLOTS_MAX >= (int)BIND_ENTRIES, "every slot");

static struct {
	struct slots free;
	uint16_t owner[SP_MAX_ENVS];
	uint16_t flow[SP_MAX_FLOWS];
	uint16_t ring[SP_MAX_RINGS];
} table;

void
bind_table_init(void)
{
	for (uint32_t i = 1; i < BIND_ENTRIES; i++)
		slots_add(&table.free, i);
}

uint32_t
bind_id(uint32_t slot)
{
	return slot | bind_table[slot].generation << 16;
}

struct bind_entry *
bind_find(uint32_t id, enum bind_kind low, enum bind_kind high)
{
	uint32_t slot = id & 0xffff;
	struct bind_entry *e;

	if (slot == 0 || slot >= BIND_ENTRIES)
		return NULL;
	e = &bind_table[slot];
	return e->kind >= low && e->kind <= high && bind_id(slot) == id ? e
									: NULL;
}

uint32_t
bind_free_slot(bool flow)
{
	uint32_t slot = flow ? slots_next(&table.free, SP_MAX_BINDINGS)
			     : slots_first(&table.free);

	return flow || slot < SP_MAX_BINDINGS ? slot : 0;
}

/* --- lists ------------------------------------------------------------------- */

uint32_t
bind_first_of_owner(const struct env *e)
{
	return table.owner[e->slot];
}

uint32_t
bind_first_in_flow(uint32_t flow)
{
	return table.flow[flow - SP_MAX_BINDINGS];
}

uint32_t
bind_first_to_ring(const struct ring *r)
{
	return table.ring[ring_slot(r)];
}

uint32_t
bind_next(uint32_t slot, enum bind_list list)
{
	return bind_table[slot].link[list].next;
}

/* Where LIST of entry E begins; NULL: it is in none. */
static uint16_t *
head_of(const struct bind_entry *e, unsigned list)
{
	switch (list) {
	case BIND_BY_OWNER:
		return &table.owner[e->owner->slot];
	case BIND_BY_FLOW:
		return e->flow == 0 ? NULL
				    : &table.flow[e->flow - SP_MAX_BINDINGS];
	default:
		return e->ring == NULL ? NULL : &table.ring[ring_slot(e->ring)];
	}
}

static void
link(uint32_t slot)
{
	struct bind_entry *e = &bind_table[slot];

	for (unsigned i = 0; i < BIND_LISTS; i++) {
		uint16_t *head = head_of(e, i);

		if (head == NULL)
			continue;
		e->link[i].prev = 0;
		e->link[i].next = *head;
		if (*head != 0)
			bind_table[*head].link[i].prev = (uint16_t)slot;
		*head = (uint16_t)slot;
	}
}

static void
unlink(uint32_t slot)
{
	const struct bind_entry *e = &bind_table[slot];

	for (unsigned i = 0; i < BIND_LISTS; i++) {
		uint16_t *head = head_of(e, i);

		if (head == NULL)
			continue;
		if (e->link[i].next != 0)
			bind_table[e->link[i].next].link[i].prev =
				e->link[i].prev;
		if (e->link[i].prev != 0)
			bind_table[e->link[i].prev].link[i].next =
				e->link[i].next;
		else
			*head = e->link[i].next;
	}
}

/* --- entries ----------------------------------------------------------------- */

static void
fill_info(uint32_t slot, const char name[SP_NAME])
{
	const struct bind_entry *e = &bind_table[slot];
	struct sp_binding_info *i = &info.binding[slot];

	i->owner = e->owner->id;
	i->target = bind_is_capture(e)     ? SP_TO_CAPTURE
		    : e->kind == BIND_TAP  ? SP_TO_COUNT
		    : e->kind == BIND_TEST ? SP_TO_TEST
		    : e->kind == BIND_RING ? SP_TO_RING
					   : SP_TO_ASH;
	i->object = e->object;
	i->flow = e->flow == 0 ? 0 : bind_id(e->flow);
	i->flags = e->flags;
	i->priority = e->priority;
	i->rank = e->rank;
	i->nodes = e->filter.nnodes;
	info_name(i->name, name);
	i->id = bind_id(slot);
}

static void
fill_flow_info(uint32_t slot, const char name[SP_NAME])
{
	const struct bind_entry *e = &bind_table[slot];
	struct sp_flow_info *i = &info.flow[slot - SP_MAX_BINDINGS];

	i->owner = e->owner->id;
	i->parent = e->flow == 0 ? 0 : bind_id(e->flow);
	info_name(i->name, name);
	i->id = bind_id(slot);
}

/* A slot's new life begins. */
static void
bear(uint32_t slot)
{
	struct bind_entry *e = &bind_table[slot];

	slots_del(&table.free, slot);
	e->generation = (e->generation + 1) & 0x7fff;
	if (slot >= SP_MAX_BINDINGS)
		return;
	memset(&info.binding[slot], 0, sizeof(info.binding[slot]));
	env_info(e->owner)->bindings++;
}

void
bind_put(uint32_t slot, const struct bind_entry *n, const char name[SP_NAME])
{
	struct bind_entry *e = &bind_table[slot];
	uint32_t generation = e->generation, status = irq_off();
	struct handler *before = e->handler;
	bool fresh = e->kind == BIND_FREE;

	if (!fresh)
		unlink(slot);
	capture_leaves(e);
	*e = *n;
	e->generation = generation;
	if (fresh)
		bear(slot);
	capture_joins(e);
	link(slot);
	if (slot < SP_MAX_BINDINGS)
		fill_info(slot, name);
	else
		fill_flow_info(slot, name);
	if (before != NULL && before != e->handler)
		handler_bound(before, 0);
	if (e->handler != NULL)
		handler_bound(e->handler, bind_id(slot));
	irq_restore(status);
}

void
bind_drop(uint32_t slot)
{
	struct bind_entry *e = &bind_table[slot];
	uint32_t status = irq_off();

	if (e->handler != NULL)
		handler_bound(e->handler, 0);
	if (slot < SP_MAX_BINDINGS) {
		info.binding[slot].id = 0;
		env_info(e->owner)->bindings--;
	} else {
		info.flow[slot - SP_MAX_BINDINGS].id = 0;
	}
	unlink(slot);
	capture_leaves(e);
	if (e->kind == BIND_TAP) /* what captures cost has changed */
		bind_classifier(e)->changed();
	e->kind = BIND_FREE;
	e->handler = NULL;
	e->ring = NULL;
	slots_add(&table.free, slot);
	irq_restore(status);
}

/* --- audit ------------------------------------------------------------------- */

static bool
is_linked(const struct bind_entry *e, uint32_t slot, unsigned list)
{
	const uint16_t *head = head_of(e, list);
	uint32_t next = e->link[list].next, prev = e->link[list].prev;

	if (head == NULL)
		return next == 0 && prev == 0;
	return (next == 0 || bind_table[next].link[list].prev == slot) &&
	       (prev == 0 ? *head : bind_table[prev].link[list].next) == slot;
}

void
bind_table_audit(uint32_t slot)
{
	const struct bind_entry *e = &bind_table[slot];
	bool free = e->kind == BIND_FREE;

	if (slots_has(&table.free, slot) != free)
		audit_fail("binding %u: whether it is free", slot);
	for (unsigned i = 0; !free && i < BIND_LISTS; i++)
		if (!is_linked(e, slot, i))
			audit_fail("binding %u: lost from list %u", slot, i);
}
