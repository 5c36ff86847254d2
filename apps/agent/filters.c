/*
 * filters.c - bind filters to applications, handlers and counters.
 *
 * The kernel decides; the agent keeps names and the filters' bytes, so that they
 * can be shown again.
 */
#include "filters.h"

#include "apps.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/syscall.h"
#include "dpf/dpf.h"
#include "frames.h"
#include "handlers.h"

enum { NOWHERE = -1, FILTERS = 2048 };

struct filter {
	char name[SP_NAME]; /* empty: free */
	uint32_t binding;
	enum ag_to to;
	uint32_t object; /* ring or handler */
	uint32_t ring;   /* of a handler: where declined frames go */
	uint32_t bytes;
	struct frames blob;
};

static struct filter table[FILTERS];

static struct filter *
find(const char *name)
{
	for (size_t i = 0; i < FILTERS; i++)
		if (table[i].name[0] != '\0' && str_equal(table[i].name, name))
			return &table[i];
	return NULL;
}

static struct filter *
find_free(void)
{
	for (size_t i = 0; i < FILTERS; i++)
		if (table[i].name[0] == '\0')
			return &table[i];
	return NULL;
}

static void
forget(struct filter *f)
{
	frames_free(&f->blob);
	memset(f, 0, sizeof(*f));
}

static void
unbind(struct filter *f)
{
	(void)sys_unbind(0, f->binding);
	forget(f);
}

/* Whom the new filter meets, in words, if the kernel named somebody. */
static int
explain_clash(struct answer *a, int code, const struct sp_clash *c)
{
	static const char *const how[] = {
		[DPF_DISJOINT] = "conflicts with",
		[DPF_EQUAL] = "takes the same frames as",
		[DPF_INSIDE] = "lies inside",
		[DPF_CONTAINS] = "contains",
		[DPF_OVERLAPS] = "overlaps",
		[DPF_UNDECIDED] = "may overlap",
	};
	uint32_t relation = c->relation < sizeof(how) / sizeof(how[0])
				    ? c->relation
				    : DPF_UNDECIDED;

	if (c->name[0] == '\0')
		return code;
	answer_put(a, c, sizeof(*c));
	return refuse(a, code, "%s %s %s", how[relation],
		c->is_flow ? "flow" : "filter", c->name);
}

static int
target_ring(struct sp_bind *b, const char *name, struct answer *a)
{
	const struct app *app = app_named(name);

	if (app == NULL)
		return refuse(
			a, SP_ENOENT, "no application named %s runs", name);
	b->target = SP_TO_RING;
	b->env = app->env;
	b->object = app->ring;
	b->flags |= SP_BIND_UPCALL; /* if the application set an entry */
	return SP_OK;
}

static int
target_ash(struct sp_bind *b, const struct ag_filter *req, struct answer *a)
{
	const struct handler *h = handler_named(req->target);

	if (h == NULL)
		return refuse(a, SP_ENOENT, "no handler named %s", req->target);
	b->target = SP_TO_ASH;
	b->env = h->owner;
	b->object = h->id;
	if (req->ring[0] == '\0')
		return SP_OK;

	const struct app *app = app_named(req->ring);

	if (app == NULL)
		return refuse(a, SP_ENOENT, "no application named %s runs",
			req->ring);
	b->ring = app->ring;
	return SP_OK;
}

/* Fill in where the frames go. */
static int
choose_target(struct sp_bind *b, const struct ag_filter *req, struct answer *a)
{
	if (str_len(req->target, SP_NAME) == SP_NAME ||
		str_len(req->ring, SP_NAME) == SP_NAME)
		return refuse(a, SP_EINVAL, "target's name does not end");
	switch (req->to) {
	case AG_TO_COUNT:
		b->target = SP_TO_COUNT;
		return SP_OK;
	case AG_TO_TEST:
		b->target = SP_TO_TEST;
		return SP_OK;
	case AG_TO_RING:
		return target_ring(b, req->target, a);
	case AG_TO_ASH:
		return target_ash(b, req, a);
	default:
		return refuse(a, SP_EINVAL, "unknown kind of target");
	}
}

/* May the name be used: by nobody yet, or to be replaced?  OLD is then set. */
static int
check_name(const struct ag_filter *req, struct filter **old, struct answer *a)
{
	*old = NULL;
	if (!name_is_good(req->name))
		return refuse(a, SP_EINVAL, "bad name for a filter");
	*old = find(req->name);
	if ((req->flags & SP_BIND_REPLACE) == 0 && *old != NULL)
		return refuse(a, SP_EEXIST, "a filter named %s is installed",
			req->name);
	if ((req->flags & SP_BIND_REPLACE) != 0 && *old == NULL)
		return refuse(a, SP_ENOENT, "no filter named %s to replace",
			req->name);
	return SP_OK;
}

/* Bind, and put what is to be remembered into the free entry F. */
static int
bind(struct sp_bind *b, const struct ag_filter *req, const void *blob,
	struct filter *f, struct answer *a)
{
	struct sp_clash clash;
	int err = frames_alloc(&f->blob, frames_for(req->bytes));

	if (err < 0)
		return err;
	err = frames_write(f->blob.pfn, 0, blob, req->bytes);
	if (err < 0)
		return err;
	memset(&clash, 0, sizeof(clash));
	b->blob_va = sys_addr(blob);
	b->blob_bytes = req->bytes;
	b->clash_va = sys_addr(&clash);
	memcpy(b->name, req->name, SP_NAME);
	do
		err = sys_bind(0, b);
	while (err == SP_EAGAIN);
	if (err < 0)
		return explain_clash(a, err, &clash);
	memcpy(f->name, req->name, SP_NAME);
	f->binding = (uint32_t)err;
	f->to = (enum ag_to)req->to;
	f->object = b->object;
	f->ring = b->ring;
	f->bytes = req->bytes;
	return err;
}

int
filter_add(const struct ag_filter *req, const void *blob, struct answer *a)
{
	const uint32_t known =
		SP_BIND_SHARED | SP_BIND_REPLACE | SP_BIND_FOLLOW;
	struct sp_bind b = {
		.ring = (uint32_t)NOWHERE,
		.flags = req->flags & known,
		.priority = req->priority,
	};
	struct filter *old, fresh = { 0 };

	if ((req->flags & ~known) != 0)
		return refuse(a, SP_EINVAL, "unknown flags");
	if (req->bytes == 0)
		return refuse(a, SP_EINVAL, "the filter is empty");

	int err = check_name(req, &old, a);

	if (err < 0)
		return err;
	err = choose_target(&b, req, a);
	if (err < 0)
		return err;

	struct filter *f = old != NULL ? old : find_free();

	if (f == NULL)
		return refuse(a, SP_EFULL, "too many filters");
	b.replaces = old != NULL ? old->binding : 0;
	err = bind(&b, req, blob, &fresh, a);
	if (err < 0) {
		frames_free(&fresh.blob);
		return err;
	}
	forget(f);
	*f = fresh;
	return err;
}

int
flow_give(const char *name, const void *blob, uint32_t bytes, struct answer *a)
{
	const struct app *app = app_named(name);
	struct sp_clash clash;
	struct sp_flow f = {
		.blob_va = sys_addr(blob),
		.blob_bytes = bytes,
		.clash_va = sys_addr(&clash),
	};

	if (app == NULL)
		return refuse(
			a, SP_ENOENT, "no application named %s runs", name);
	memset(&clash, 0, sizeof(clash));
	f.env = app->env;
	memcpy(f.name, name, str_len(name, SP_NAME));

	int flow = sys_flow_derive(0, &f);

	return flow < 0 ? explain_clash(a, flow, &clash) : flow;
}

int
filter_del(const char *name)
{
	struct filter *f = find(name);

	if (f == NULL)
		return SP_ENOENT;
	unbind(f);
	return SP_OK;
}

int
filter_blob(const char *name, uint32_t off, struct answer *a)
{
	const struct filter *f = find(name);

	if (f == NULL)
		return SP_ENOENT;
	return frames_answer(&f->blob, f->bytes, off, a);
}

void
filters_drop(enum ag_to to, uint32_t object)
{
	for (size_t i = 0; i < FILTERS; i++) {
		struct filter *f = &table[i];

		if (f->name[0] == '\0')
			continue;
		if ((f->to == to && f->object == object) ||
			(f->to == AG_TO_ASH && to == AG_TO_RING &&
				f->ring == object))
			unbind(f);
	}
}

static bool
is_bound(uint32_t binding)
{
	uint32_t slot = binding & 0xffff;

	return slot < SP_MAX_BINDINGS &&
	       app_info()->binding[slot].id == binding;
}

void
filters_sync(void)
{
	for (size_t i = 0; i < FILTERS; i++)
		if (table[i].name[0] != '\0' && !is_bound(table[i].binding))
			forget(&table[i]);
}

int
bindings_shown(uint32_t from, struct answer *a)
{
	const struct sp_binding_info *all = app_info()->binding;
	uint32_t room = (ANSWER_ROOM - 4) / sizeof(all[0]), end = from, n = 0;

	for (; end < SP_MAX_BINDINGS && n < room; end++)
		n += all[end].id != 0;
	answer_put32(a, end < SP_MAX_BINDINGS ? end : 0);
	for (; from < end; from++)
		if (all[from].id != 0)
			answer_put(a, &all[from], sizeof(all[0]));
	return SP_OK;
}
