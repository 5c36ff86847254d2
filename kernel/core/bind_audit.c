/*
 * bind_audit.c - are the flows and bindings what they say they are?
 */
#include "kernel/core/audit.h"
#include "kernel/core/bind_table.h"
#include "kernel/core/classifier.h"
#include "kernel/core/handler.h"
#include "kernel/core/info.h"
#include "kernel/core/ring.h"
#include "kernel/core/shared.h"
#include "kernel/mips.h"

#include <stddef.h>

static uint32_t
shown_id(uint32_t slot)
{
	return slot < SP_MAX_BINDINGS ? info.binding[slot].id
				      : info.flow[slot - SP_MAX_BINDINGS].id;
}

static void
check_targets(const struct bind_entry *e, uint32_t slot)
{
	uint32_t id = slot | e->generation << 16;

	if (e->kind == BIND_RING || e->ring != NULL) {
		if (e->ring == NULL || ring_owner(e->ring) != e->owner)
			audit_fail("binding %u: the ring is not its owner's",
				slot);
	}
	if ((e->kind == BIND_RING || bind_is_capture(e)) &&
		(ring_find(e->object) != e->ring ||
			ring_is_tape(e->ring) != bind_is_capture(e)))
		audit_fail("binding %u: the ring has gone", slot);
	if (e->kind == BIND_ASH &&
		(handler_find(e->object) != e->handler ||
			handler_owner(e->handler) != e->owner ||
			handler_binding(e->handler) != id))
		audit_fail("binding %u: the handler is not its own", slot);
}

/* Each binding keeps the same account as the whole machine. */
static void
check_account(uint32_t slot)
{
	uint32_t status = irq_off();
	const struct sp_binding_info *b = &info.binding[slot];
	uint32_t sum = b->consumed + b->delivered;

	for (uint32_t i = 0; i < SP_DROP_COUNT; i++)
		sum += b->dropped[i];
	if (sum != b->packets)
		audit_fail("binding %u: %u frames, %u accounted for", slot,
			b->packets, sum);
	irq_restore(status);
}

/* Its filter is in the set under its path, which is its own. */
static void
check_path(const struct bind_entry *e, uint32_t slot)
{
	const struct bind_entry *spare = &bind_table[BIND_SPARE];

	if (e->path != slot &&
		(e->path != BIND_SPARE || spare->spare_of != slot ||
			spare->kind != e->kind))
		audit_fail("binding %u: its path is %u", slot, e->path);
}

static void
check_entry(const struct bind_entry *e, uint32_t slot, uint32_t *owned)
{
	if (shown_id(slot) != (slot | e->generation << 16))
		audit_fail("binding %u: shown as %08x", slot, shown_id(slot));
	if ((e->kind == BIND_FLOW) != (slot >= SP_MAX_BINDINGS))
		audit_fail("binding %u: kind %u", slot, e->kind);
	if (e->flow != 0 && bind_table[e->flow].kind != BIND_FLOW)
		audit_fail("binding %u: its flow has gone", slot);
	if (audit_owner(e->owner, "binding", slot) == NULL)
		return;
	owned[e->owner->slot] += slot < SP_MAX_BINDINGS;
	bind_table_audit(slot);
	check_path(e, slot);
	check_targets(e, slot);
	bind_order_audit(slot);
	if ((e->shared != NULL) != ((e->flags & SP_BIND_SHARED) != 0) ||
		(e->shared != NULL && e->shared_path != slot &&
			e->shared_path != e->path))
		audit_fail("binding %u: shared as %u", slot, e->shared_path);
	if (e->kind == BIND_RING || e->kind == BIND_ASH || bind_is_capture(e))
		check_account(slot);
}

void
bind_audit(void)
{
	uint32_t owned[SP_MAX_ENVS] = { 0 }, filters = 0, shared = 0, in_sets;

	for (uint32_t i = 1; i < BIND_ENTRIES; i++) {
		const struct bind_entry *e = &bind_table[i];

		if (e->kind != BIND_FREE)
			check_entry(e, i, owned);
		else if (shown_id(i) != 0)
			audit_fail("binding %u: free, shown as %08x", i,
				shown_id(i));
		else
			bind_table_audit(i);
		filters += e->kind != BIND_FREE;
		shared += e->shared != NULL;
		bind_path_audit(i);
	}
	in_sets = bind_rx.filters + bind_taps.filters + bind_sent.filters +
		  bind_tests.filters;
	if (in_sets != filters)
		audit_fail(
			"%u bindings and flows, %u filters", filters, in_sets);
	if (bind_shared.filters != shared)
		audit_fail("%u shared bindings, %u filters", shared,
			bind_shared.filters);
	bind_follow_audit();
	audit_counts("bindings", owned, offsetof(struct sp_env_info, bindings));
}
