/*
 * bind.c - flows and bindings come, are exchanged and go.
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
#include "kernel/core/classifier.h"
#include "kernel/core/handler.h"
#include "kernel/core/ring.h"
#include "kernel/core/sched.h"
#include "kernel/core/send.h"
#include "kernel/core/shared.h"
#include "kernel/core/store.h"
#include "kernel/core/user.h"

static struct bind_entry *
flow_find(uint32_t id)
{
	return bind_find(id, BIND_FLOW, BIND_FLOW);
}

static void
drop_blob(struct bind_entry *n)
{
	shared_release(n);
	store_put(n->blob, n->blob_bytes);
	n->blob = NULL;
}

/* Copy the blob into memory charged to the owner and parse the copy. */
static int
take_blob(struct bind_entry *n, uint32_t va, uint32_t bytes)
{
	int err;

	if (bytes == 0 || bytes > DPF_BLOB_MAX)
		return SP_EINVAL;
	n->blob = store_get(n->owner, bytes);
	n->blob_bytes = bytes;
	if (n->blob == NULL)
		return SP_ENOMEM;
	err = user_copy_in(env_current(), n->blob, va, bytes);
	if (err == SP_OK)
		err = dpf_parse(n->blob, bytes, &n->filter);
	if (err >= 0 && (n->flags & SP_BIND_SHARED) != 0)
		err = shared_prepare(n);
	if (err >= 0)
		return SP_OK;
	drop_blob(n);
	return err;
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
	*slot = bind_slot(f);
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
	case SP_TO_TEST:
		n->kind = BIND_TEST;
		if (n->flags != 0)
			return SP_EUNSUPPORTED;
		return env_opens_device(cap, SP_NAME_NIC, 0) ? SP_OK : SP_EPERM;
	default:
		return SP_EINVAL;
	}
}

/* The slot the binding goes to: a free one, or that of what it replaces. */
static int
check_slot(const struct bind_entry *n, const struct sp_bind *b, uint32_t *slot)
{
	if ((b->flags & SP_BIND_REPLACE) == 0) {
		*slot = bind_free_slot(false);
		return *slot == 0 ? SP_EFULL : SP_OK;
	}

	const struct bind_entry *old =
		bind_find(b->replaces, BIND_TAP, BIND_ASH);

	if (old == NULL)
		return SP_ENOENT;
	if (old->owner != n->owner)
		return SP_EPERM;
	if (bind_classifier(old) != bind_classifier(n) ||
		((old->flags ^ n->flags) & SP_BIND_SHARED) != 0 ||
		bind_is_capture(old) != bind_is_capture(n))
		return SP_EINVAL;
	*slot = bind_slot(old);
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
	if (b->flags &
		~(uint32_t)(SP_BIND_UPCALL | SP_BIND_REPLACE | SP_BIND_OUT |
			    SP_BIND_FOLLOW | SP_BIND_SHARED))
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
	/* A tap is told of every frame as it is. */
	if ((n->flags & SP_BIND_SHARED) != 0 && n->kind == BIND_TAP)
		return SP_EUNSUPPORTED;
	n->object = b->object;
	n->priority = b->priority;
	return check_slot(n, b, slot);
}

/* --- what its owner may send --------------------------------------------------- */

static bool
sends(const struct bind_entry *n)
{
	return n->kind == BIND_RING || n->kind == BIND_ASH;
}

static int
template_get(struct bind_entry *n, uint32_t as)
{
	const struct bind_entry *last =
		&bind_table[bind_first_of_owner(n->owner)];

	if (!sends(n))
		return SP_OK;
	/* Handlers reply at once, so theirs are always templates. */
	n->answers = n->kind == BIND_RING &&
		     tx_rights_suffice(n->owner->tx, &n->filter,
			     last->answers ? &last->filter : NULL);
	if (!n->answers)
		return tx_rights_add(n->owner->tx, &n->filter, as);
	n->owner->tx->answers++;
	return SP_OK;
}

static void
template_put(const struct bind_entry *n, uint32_t as)
{
	if (!sends(n))
		return;
	if (n->answers)
		n->owner->tx->answers--;
	else
		tx_rights_remove(n->owner->tx, as);
}

/* --- change -------------------------------------------------------------------- */

/* Something goes to a free slot.  The entry is complete before the classifier can
 * name it. */
static int
install(struct bind_entry *n, uint32_t slot, const char name[SP_NAME])
{
	int err = template_get(n, slot);

	if (err < 0)
		return err;
	n->path = slot;
	bind_put(slot, n, name);
	bind_path_set(slot);
	err = classifier_add(bind_classifier(n), shared_rx(n), slot, n->rank);
	if (err == SP_OK) {
		err = shared_add(&bind_table[slot], slot);
		if (err == SP_OK)
			return SP_OK;
		classifier_remove(bind_classifier(n), slot);
	}
	bind_path_clear(slot);
	bind_drop(slot);
	bind_table[slot].shared = NULL; /* it is N's */
	template_put(n, slot);
	return err;
}

static void
forget_spare(void)
{
	bind_path_clear(BIND_SPARE);
	bind_table[BIND_SPARE].spare_of = 0;
	bind_table[BIND_SPARE].kind = BIND_FREE;
}

/* What came in another's place gets its slot for an id.  Should memory be short it
 * waits until the next one comes. */
static int
settle_spare(void)
{
	uint32_t slot = bind_table[BIND_SPARE].spare_of;
	int err = SP_OK;

	if (slot == 0)
		return SP_OK;
	err = shared_rename(&bind_table[slot], slot);
	if (err == SP_OK)
		err = classifier_rename(
			bind_classifier(&bind_table[slot]), BIND_SPARE, slot);
	if (err < 0)
		return err;
	bind_table[slot].path = slot;
	forget_spare();
	return SP_OK;
}

/* N comes as BIND_SPARE while SLOT still has what it replaces. */
static int
install_spare(struct bind_entry *n, uint32_t slot)
{
	const struct bind_entry *old = &bind_table[slot];
	int err;

	n->path = BIND_SPARE;
	bind_table[BIND_SPARE] = *n;
	bind_table[BIND_SPARE].spare_of = slot;
	if (n->handler != NULL)
		handler_bound(n->handler, bind_id(slot));
	bind_path_set(BIND_SPARE);
	err = shared_add(n, BIND_SPARE);
	if (err == SP_OK) {
		err = classifier_replace(bind_classifier(n), old->path,
			shared_rx(n), BIND_SPARE, n->rank);
		if (err == SP_OK) {
			shared_remove(old);
			return SP_OK;
		}
		shared_remove(n);
	}
	forget_spare();
	if (n->handler != NULL && n->handler != old->handler)
		handler_bound(n->handler, 0);
	return err;
}

static int
replace(struct bind_entry *n, uint32_t slot, const char name[SP_NAME])
{
	struct bind_entry old = bind_table[slot];
	int err = settle_spare();

	if (err == SP_OK)
		err = template_get(n, BIND_SPARE);
	if (err < 0)
		return err;
	err = install_spare(n, slot);
	if (err < 0) {
		template_put(n, BIND_SPARE);
		return err;
	}
	bind_order_forget(slot);
	bind_put(slot, n, name);
	bind_path_take_spare(slot);
	template_put(&old, slot);
	if (sends(n) && !n->answers)
		tx_rights_rename(n->owner->tx, BIND_SPARE, slot);
	drop_blob(&old);
	(void)settle_spare(); /* if not now, then later */
	return SP_OK;
}

/* Everything about N but its filter has been checked. */
static int
add(struct bind_entry *n, uint32_t slot, const char name[SP_NAME],
	struct sp_clash *clash)
{
	int err = SP_OK;

	if (bind_is_ranked(n->kind))
		err = bind_order(n, slot, clash);
	if (err == SP_OK)
		err = bind_table[slot].kind == BIND_FREE
			      ? install(n, slot, name)
			      : replace(n, slot, name);
	if (err == SP_OK)
		bind_order_keep();
	else
		bind_order_undo();
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
	if (err == SP_OK) {
		err = add(&n, slot, b->name, clash);
		if (err < 0)
			drop_blob(&n);
	}
	kernel_interruptible_end();
	return err < 0 ? err : (int)bind_id(slot);
}

int
flow_derive(uint32_t cap, const struct sp_flow *f, struct sp_clash *clash)
{
	struct bind_entry n = { .kind = BIND_FLOW };
	uint32_t slot = bind_free_slot(true);
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
		err = add(&n, slot, f->name, clash);
		if (err < 0)
			drop_blob(&n);
	}
	kernel_interruptible_end();
	return err < 0 ? err : (int)bind_id(slot);
}

/* Out of the classifier, then off the path; never fails. */
static void
remove_slot(uint32_t slot)
{
	struct bind_entry *e = &bind_table[slot];

	shared_remove(e);
	classifier_remove(bind_classifier(e), e->path);
	if (e->path == BIND_SPARE)
		forget_spare();
	bind_path_clear(slot);
	template_put(e, slot);
	bind_order_forget(slot);
	bind_drop(slot);
	drop_blob(e);
}

/* With all that lies in it. */
static void
remove_tree(uint32_t top)
{
	uint32_t at;

	do {
		uint32_t in = top;

		do
			at = in;
		while (bind_table[at].kind == BIND_FLOW &&
			(in = bind_first_in_flow(at)) != 0);
		remove_slot(at);
	} while (at != top);
}

static int
remove_checked(uint32_t cap, struct bind_entry *e)
{
	if (e == NULL)
		return SP_ENOENT;
	if (!env_cap_opens(cap, e->owner, SP_CAP_WRITE))
		return SP_EPERM;
	kernel_interruptible_begin();
	remove_slot(bind_slot(e));
	kernel_interruptible_end();
	return SP_OK;
}

int
bind_remove(uint32_t cap, uint32_t id)
{
	return remove_checked(cap, bind_find(id, BIND_TAP, BIND_ASH));
}

int
flow_drop(uint32_t cap, uint32_t id)
{
	struct bind_entry *f = flow_find(id);

	if (f != NULL && bind_first_in_flow(bind_slot(f)) != 0)
		return SP_EBUSY;
	return remove_checked(cap, f);
}

/* --- what bindings hold on to --------------------------------------------------- */

bool
bind_uses(enum sp_target target, uint32_t object)
{
	const struct ring *r = target == SP_TO_RING ? ring_find(object) : NULL;
	const struct handler *h =
		target == SP_TO_ASH ? handler_find(object) : NULL;

	return (r != NULL && bind_first_to_ring(r) != 0) ||
	       (h != NULL && handler_binding(h) != 0);
}

void
bind_break_ring(const struct ring *r)
{
	uint32_t slot;

	while ((slot = bind_first_to_ring(r)) != 0)
		remove_slot(slot);
}

void
bind_break_handler(const struct handler *h)
{
	if (handler_binding(h) != 0)
		remove_slot(handler_binding(h) & 0xffff);
}

/* What others bound inside its flows goes too, and what lies in that. */
void
bind_forget_owner(const struct env *e)
{
	uint32_t slot;

	while ((slot = bind_first_of_owner(e)) != 0)
		remove_tree(slot);
}

uint32_t
bind_take(const struct env *e)
{
	uint32_t slot = bind_first_of_owner(e);

	while (slot != 0 && bind_table[slot].kind == BIND_FLOW)
		slot = bind_next(slot, BIND_BY_OWNER);
	if (slot == 0)
		return 0;

	uint32_t id = bind_id(slot);

	remove_slot(slot);
	return id;
}
