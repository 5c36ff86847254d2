/*
 * bind.c - the table of flows and bindings, and who wins among them.
 *
 * Flows lie in the same merged classifier as bindings: a frame that nobody
 * inside a flow has bound stops there, so that a broader binding of somebody
 * else cannot listen.  order.c decides who beats whom; receive.c is the path
 * of a frame.
 */
#include "kernel/core/bind.h"

#include "dpf/dpf.h"
#include "kernel/core/bind_table.h"
#include "kernel/core/cap.h"
#include "kernel/core/handler.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/core/ring.h"
#include "kernel/core/sched.h"
#include "kernel/core/send.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

struct bind_entry bind_table[BIND_ENTRIES];

static uint32_t
ext_id(uint32_t slot)
{
	return slot | bind_table[slot].generation << 16;
}

static struct bind_entry *
entry_find(uint32_t id, enum bind_kind low, enum bind_kind high)
{
	uint32_t slot = id & 0xffff;
	struct bind_entry *e;

	if (slot == 0 || slot >= BIND_ENTRIES)
		return NULL;
	e = &bind_table[slot];
	return e->kind >= low && e->kind <= high && ext_id(slot) == id ? e
								       : NULL;
}

static struct bind_entry *
flow_find(uint32_t id)
{
	return entry_find(id, BIND_FLOW, BIND_FLOW);
}

/* The first free slot for a binding or a flow, or 0. */
static uint32_t
free_slot(bool flow)
{
	uint32_t from = flow ? SP_MAX_BINDINGS : 1;
	uint32_t to = flow ? BIND_ENTRIES : SP_MAX_BINDINGS;

	for (uint32_t i = from; i < to; i++)
		if (bind_table[i].kind == BIND_FREE)
			return i;
	return 0;
}

/* Copy the blob into frames charged to OWNER and parse the copy. */
static int
take_blob(struct bind_entry *n, uint32_t va, uint32_t bytes)
{
	if (bytes == 0 || bytes > DPF_BLOB_MAX)
		return SP_EINVAL;

	uint32_t pages = (bytes + SP_PAGE - 1) / SP_PAGE;
	int pfn = page_alloc_kernel(pages, 0, n->owner->slot + 1);

	if (pfn < 0)
		return pfn;
	n->pfn = (uint32_t)pfn;
	n->pages = pages;

	int err = user_copy_in(env_current(), page_kva(n->pfn), va, bytes);

	if (err == SP_OK)
		err = dpf_parse(page_kva(n->pfn), bytes, &n->filter);
	if (err >= 0)
		return SP_OK;
	page_free_kernel(n->pfn, n->pages);
	n->pages = 0; /* nothing for the caller to drop */
	return err;
}

static void
drop_blob(struct bind_entry *n)
{
	page_free_kernel(n->pfn, n->pages);
}

static struct classifier *
classifier_of(const struct bind_entry *n)
{
	if (n->kind != BIND_TAP)
		return &bind_rx;
	return (n->flags & SP_BIND_OUT) != 0 ? &bind_sent : &bind_taps;
}

/* --- the checks of a binding ------------------------------------------------ */

/* May the caller bind within flow ID?  The root flow needs the root. */
static int
check_flow(uint32_t cap, uint32_t id, uint32_t *slot)
{
	const struct sp_cap *c = env_cap(cap);
	const struct bind_entry *f;

	*slot = 0;
	if (c == NULL)
		return SP_EPERM;
	if (id == 0)
		return cap_is_root(c) ? SP_OK : SP_EPERM;
	f = flow_find(id);
	if (f == NULL)
		return SP_ENOENT;
	*slot = (uint32_t)(f - bind_table);
	return env_cap_opens(cap, f->owner, SP_CAP_WRITE) ? SP_OK : SP_EPERM;
}

static int
check_ring(struct bind_entry *n, uint32_t id)
{
	n->ring = ring_find(id);
	if (n->ring == NULL)
		return SP_ENOENT;
	if (ring_owner(n->ring) != n->owner)
		return SP_EPERM;
	return ring_is_tape(n->ring) ? SP_EINVAL : SP_OK;
}

static int
check_handler(struct bind_entry *n, const struct sp_bind *b)
{
	n->handler = handler_find(b->object);
	if (n->handler == NULL || !handler_is_ready(n->handler))
		return SP_ENOENT;
	if (handler_owner(n->handler) != n->owner)
		return SP_EPERM;
	/* One binding at a time, or its code could change under the other. */
	if (handler_binding(n->handler) != 0 &&
		((b->flags & SP_BIND_REPLACE) == 0 ||
			handler_binding(n->handler) != b->replaces))
		return SP_EBUSY;
	return b->ring == ~0u ? SP_OK : check_ring(n, b->ring);
}

static int
check_target(uint32_t cap, struct bind_entry *n, const struct sp_bind *b)
{
	switch (b->target) {
	case SP_TO_RING:
		n->kind = BIND_RING;
		return check_ring(n, b->object);
	case SP_TO_ASH:
		n->kind = BIND_ASH;
		return check_handler(n, b);
	case SP_TO_COUNT:
	case SP_TO_CAPTURE:
		n->kind = BIND_TAP;
		if (!env_opens_device(cap, SP_NAME_NIC, 0))
			return SP_EPERM;
		return b->target == SP_TO_COUNT ? SP_OK : capture_check(n, b);
	default:
		return SP_EINVAL;
	}
}

/* The slot the binding goes to: a free one, or that of what it replaces. */
static int
check_slot(const struct bind_entry *n, const struct sp_bind *b, uint32_t *slot)
{
	if ((b->flags & SP_BIND_REPLACE) == 0) {
		*slot = free_slot(false);
		return *slot == 0 ? SP_EFULL : SP_OK;
	}

	const struct bind_entry *old =
		entry_find(b->replaces, BIND_TAP, BIND_ASH);

	if (old == NULL)
		return SP_ENOENT;
	if (old->owner != n->owner)
		return SP_EPERM;
	if (classifier_of(old) != classifier_of(n) ||
		bind_is_capture(old) != bind_is_capture(n))
		return SP_EINVAL;
	*slot = (uint32_t)(old - bind_table);
	return SP_OK;
}

static int
check_binding(uint32_t cap, const struct sp_bind *b, struct bind_entry *n,
	uint32_t *slot)
{
	int err = env_open(cap, b->env, SP_CAP_WRITE, &n->owner);

	if (err < 0)
		return err;
	err = check_flow(cap, b->flow, &n->flow);
	if (err < 0)
		return err;
	if (b->flags & ~(uint32_t)(SP_BIND_UPCALL | SP_BIND_REPLACE |
				   SP_BIND_OUT | SP_BIND_FOLLOW))
		return SP_EUNSUPPORTED;
	/* A handler runs to completion on one frame: it has nowhere to keep others. */
	if ((b->flags & SP_BIND_FOLLOW) != 0 && b->target != SP_TO_RING)
		return SP_EUNSUPPORTED;
	n->flags = b->flags & ~(uint32_t)SP_BIND_REPLACE;
	err = check_target(cap, n, b);
	if (err < 0)
		return err;
	if ((n->flags & SP_BIND_OUT) != 0 && n->kind != BIND_TAP)
		return SP_EINVAL;
	n->object = b->object;
	n->priority = b->priority;
	return check_slot(n, b, slot);
}

/* --- change ----------------------------------------------------------------- */

/* Put N's filter into its set as ID; ranks are told if it is no tap. */
static int
set_in(const struct bind_entry *n, uint32_t id)
{
	return dpf_set_insert(classifier_of(n)->set, &n->filter, id, n->rank);
}

static void
set_out(const struct bind_entry *n, uint32_t slot)
{
	int err = dpf_set_remove(classifier_of(n)->set, slot);

	KASSERT(err == SP_OK);
}

static void
fill_info(uint32_t slot, const char name[SP_NAME])
{
	const struct bind_entry *e = &bind_table[slot];
	struct sp_binding_info *i = &info.binding[slot];

	i->owner = e->owner->id;
	i->target = bind_is_capture(e)     ? SP_TO_CAPTURE
		    : e->kind == BIND_TAP  ? SP_TO_COUNT
		    : e->kind == BIND_RING ? SP_TO_RING
					   : SP_TO_ASH;
	i->object = e->object;
	i->flow = e->flow == 0 ? 0 : ext_id(e->flow);
	i->flags = e->flags;
	i->priority = e->priority;
	i->rank = e->rank;
	i->nodes = e->filter.nnodes;
	info_name(i->name, name);
	i->id = ext_id(slot);
}

static void
fill_flow_info(uint32_t slot, const char name[SP_NAME])
{
	const struct bind_entry *e = &bind_table[slot];
	struct sp_flow_info *i = &info.flow[slot - SP_MAX_BINDINGS];

	i->owner = e->owner->id;
	i->parent = e->flow == 0 ? 0 : ext_id(e->flow);
	info_name(i->name, name);
	i->id = ext_id(slot);
}

/* Old code may hold the slot's id until the new code is published. */
static void
commit(struct bind_entry *n, uint32_t slot, const char name[SP_NAME])
{
	uint32_t generation = bind_table[slot].generation;
	struct handler *before = bind_table[slot].handler;
	bool fresh = bind_table[slot].kind == BIND_FREE;
	uint32_t status = irq_off();

	n->generation = fresh ? (generation + 1) & 0xffff : generation;
	capture_leaves(&bind_table[slot]);
	bind_table[slot] = *n;
	capture_joins(n);
	if (slot < SP_MAX_BINDINGS) {
		if (fresh) {
			memset(&info.binding[slot], 0,
				sizeof(info.binding[slot]));
			env_info(n->owner)->bindings++;
		}
		fill_info(slot, name);
		if (before != NULL && before != n->handler)
			handler_bound(before, 0);
		if (n->handler != NULL)
			handler_bound(n->handler, ext_id(slot));
	} else {
		fill_flow_info(slot, name);
	}
	bind_path_set(slot);
	classifier_swing(classifier_of(n));
	irq_restore(status);
}

/*
 * N into its set as SLOT in place of OLD.  It comes before OLD goes, so that OLD
 * can come back whatever happens (dpf_set_remove).
 */
static int
set_swap(
	const struct bind_entry *n, const struct bind_entry *old, uint32_t slot)
{
	int err = set_in(n, BIND_SPARE);

	if (err < 0)
		return err;
	set_out(old, slot);
	err = dpf_set_rename(classifier_of(n)->set, BIND_SPARE, slot);
	KASSERT(err == SP_OK);
	return SP_OK;
}

/*
 * Everything that can fail, undone in reverse order: set, code, transmit rights.
 * OLD is what sits in SLOT now (kind FREE for a fresh one).
 */
static int
install(struct bind_entry *n, uint32_t slot)
{
	struct bind_entry *old = &bind_table[slot];
	bool replaces = old->kind != BIND_FREE;
	bool sends = n->kind == BIND_RING || n->kind == BIND_ASH;
	int err = replaces ? set_swap(n, old, slot) : set_in(n, slot);

	if (err < 0)
		goto restore;
	if (n->kind != BIND_TAP)
		bind_order_apply(slot);
	err = classifier_emit(classifier_of(n));
	if (err == SP_OK && sends)
		err = replaces ? tx_rights_replace(
					 n->owner->tx, &n->filter, slot)
			       : tx_rights_add(n->owner->tx, &n->filter, slot);
	if (err == SP_OK)
		return SP_OK;
	set_out(n, slot);
	if (replaces) {
		int again = set_in(old, slot);

		KASSERT(again == SP_OK);
	}
restore:
	if (n->kind != BIND_TAP) /* taps have no order */
		bind_order_restore();
	return err;
}

int
bind_create(uint32_t cap, const struct sp_bind *b, struct sp_clash *clash)
{
	struct bind_entry n = { .kind = BIND_FREE };
	uint32_t slot = 0;
	int err = check_binding(cap, b, &n, &slot);

	if (err < 0)
		return err;
	kernel_interruptible_begin();
	err = take_blob(&n, b->blob_va, b->blob_bytes);
	if (err == SP_OK && n.kind != BIND_TAP)
		err = bind_order(&n, slot, clash);
	if (err == SP_OK) {
		struct bind_entry old = bind_table[slot];

		err = install(&n, slot);
		if (err == SP_OK) {
			commit(&n, slot, b->name);
			if (old.kind != BIND_FREE)
				drop_blob(&old);
		} else {
			drop_blob(&n);
		}
	} else if (n.pages != 0) {
		drop_blob(&n);
	}
	kernel_interruptible_end();
	return err < 0 ? err : (int)ext_id(slot);
}

int
flow_derive(uint32_t cap, const struct sp_flow *f, struct sp_clash *clash)
{
	struct bind_entry n = { .kind = BIND_FLOW };
	uint32_t slot = free_slot(true);
	int err = env_open(cap, f->env, SP_CAP_WRITE, &n.owner);

	if (err == SP_OK)
		err = check_flow(cap, f->parent, &n.flow);
	if (err < 0)
		return err;
	if (slot == 0)
		return SP_EFULL;
	kernel_interruptible_begin();
	err = take_blob(&n, f->blob_va, f->blob_bytes);
	if (err == SP_OK) {
		err = bind_order(&n, slot, clash);
		if (err == SP_OK)
			err = install(&n, slot);
		if (err == SP_OK)
			commit(&n, slot, f->name);
		else
			drop_blob(&n);
	}
	kernel_interruptible_end();
	return err < 0 ? err : (int)ext_id(slot);
}

/* Take SLOT off the path, then out of the sets; never fails. */
static void
remove_slot(uint32_t slot)
{
	struct bind_entry *e = &bind_table[slot];
	struct classifier *c = classifier_of(e);
	uint32_t status = irq_off();

	/* From here on its frames are nobody's, whatever the code says. */
	bind_path_clear(slot);
	if (e->handler != NULL)
		handler_bound(e->handler, 0);
	if (slot < SP_MAX_BINDINGS) {
		info.binding[slot].id = 0;
		env_info(e->owner)->bindings--;
	} else {
		info.flow[slot - SP_MAX_BINDINGS].id = 0;
	}
	irq_restore(status);

	set_out(e, slot);
	if (e->kind == BIND_RING || e->kind == BIND_ASH)
		tx_rights_remove(e->owner->tx, slot);
	bind_order_forget(slot);
	capture_leaves(e);
	e->kind = BIND_FREE;
	e->handler = NULL;
	e->ring = NULL;
	if (classifier_emit(c) == SP_OK) {
		status = irq_off();
		classifier_swing(c);
		irq_restore(status);
	}
	drop_blob(e);
}

static int
remove_checked(uint32_t cap, struct bind_entry *e)
{
	if (e == NULL)
		return SP_ENOENT;
	if (!env_cap_opens(cap, e->owner, SP_CAP_WRITE))
		return SP_EPERM;
	kernel_interruptible_begin();
	remove_slot((uint32_t)(e - bind_table));
	kernel_interruptible_end();
	return SP_OK;
}

int
bind_remove(uint32_t cap, uint32_t id)
{
	return remove_checked(cap, entry_find(id, BIND_TAP, BIND_ASH));
}

int
flow_drop(uint32_t cap, uint32_t id)
{
	struct bind_entry *f = flow_find(id);
	bool used = false;

	kernel_interruptible_begin();
	for (uint32_t i = 1; f != NULL && !used && i < BIND_ENTRIES; i++)
		used = bind_table[i].kind != BIND_FREE &&
		       bind_table[i].flow == (uint32_t)(f - bind_table);
	kernel_interruptible_end();
	return used ? SP_EBUSY : remove_checked(cap, f);
}

bool
bind_uses(enum sp_target target, uint32_t object)
{
	const struct ring *r = target == SP_TO_RING ? ring_find(object) : NULL;
	const struct handler *h =
		target == SP_TO_ASH ? handler_find(object) : NULL;

	for (uint32_t i = 1; i < SP_MAX_BINDINGS; i++) {
		const struct bind_entry *e = &bind_table[i];

		if (e->kind != BIND_FREE &&
			((r != NULL && e->ring == r) ||
				(h != NULL && e->handler == h)))
			return true;
	}
	return false;
}

void
bind_break_ring(const struct ring *r)
{
	for (uint32_t i = 1; i < SP_MAX_BINDINGS; i++)
		if (bind_table[i].kind != BIND_FREE && bind_table[i].ring == r)
			remove_slot(i);
}

void
bind_break_handler(const struct handler *h)
{
	for (uint32_t i = 1; i < SP_MAX_BINDINGS; i++)
		if (bind_table[i].kind != BIND_FREE &&
			bind_table[i].handler == h)
			remove_slot(i);
}

/* Does the entry in SLOT lie in a flow that has gone? */
static bool
is_orphan(uint32_t slot)
{
	const struct bind_entry *e = &bind_table[slot];

	return e->kind != BIND_FREE && e->flow != 0 &&
	       bind_table[e->flow].kind == BIND_FREE;
}

/* What others bound inside its flows goes too, and what lies in that. */
void
bind_forget_owner(const struct env *e)
{
	bool changed;

	for (uint32_t i = 1; i < BIND_ENTRIES; i++)
		if (bind_table[i].kind != BIND_FREE && bind_table[i].owner == e)
			remove_slot(i);
	do {
		changed = false;
		for (uint32_t i = 1; i < BIND_ENTRIES; i++)
			if (is_orphan(i)) {
				remove_slot(i);
				changed = true;
			}
	} while (changed);
}

uint32_t
bind_take(const struct env *e)
{
	for (uint32_t i = SP_MAX_BINDINGS - 1; i > 0; i--) {
		uint32_t id = ext_id(i);

		if (bind_table[i].kind == BIND_FREE || bind_table[i].owner != e)
			continue;
		remove_slot(i);
		return id;
	}
	return 0;
}
