/*
 * ops.c - the operations of agent.h.
 *
 * Each gets the payload and its exact length, checked against the table at the
 * end; lengths inside it are checked here, before anything else sees them.
 */
#include "ops.h"

#include "apps.h"
#include "captures.h"
#include "filters.h"
#include "handlers.h"
#include "run.h"

#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>

enum {
	STAGING = 512 * 1024,
};

static struct {
	uint8_t bytes[STAGING] __attribute__((aligned(8)));
} staging;

static struct {
	bool asked;
	uint32_t status;
} halt;

/* Are there N bytes at OFF of the staging buffer? */
static bool
staged(uint32_t off, uint32_t n)
{
	return off <= STAGING && n <= STAGING - off;
}

/* The name at the start of a payload, if it is one. */
static const char *
name_at(const uint8_t *p)
{
	const char *name = (const char *)p;

	return name_is_good(name) ? name : NULL;
}

static int
op_ping(const uint8_t *p, size_t len, struct answer *a)
{
	(void)p;
	(void)len;
	answer_put32(a, AG_VERSION);
	return SP_OK;
}

static int
op_stage(const uint8_t *p, size_t len, struct answer *a)
{
	uint32_t off = le32_get(p);
	uint32_t n = len - 4;

	if (!staged(off, n))
		return refuse(a, SP_EINVAL,
			"larger than the agent's buffer of %u bytes", STAGING);
	memcpy(staging.bytes + off, p + 4, n);
	return SP_OK;
}

static int
op_info(const uint8_t *p, size_t len, struct answer *a)
{
	uint32_t off = le32_get(p), n = le32_get(p + 4);

	(void)len;
	if (off > sizeof(struct sp_info) || n > sizeof(struct sp_info) - off ||
		n > ANSWER_ROOM)
		return SP_EINVAL;
	answer_put(a, (const uint8_t *)app_info() + off, n);
	return SP_OK;
}

static int
op_bindings(const uint8_t *p, size_t len, struct answer *a)
{
	(void)len;
	return bindings_shown(le32_get(p), a);
}

static int
op_app_start(const uint8_t *p, size_t len, struct answer *a)
{
	struct ag_app req = { .slices = 0 };

	if (len != AG_APP_LEAST && len != sizeof(req))
		return SP_EFORMAT;
	memcpy(&req, p, len);
	if (!staged(0, req.bytes))
		return refuse(a, SP_EINVAL, "more bytes than were staged");

	int env = app_start(&req, staging.bytes, a);

	if (env < 0)
		return env;
	answer_put32(a, (uint32_t)env);
	return SP_OK;
}

static int
op_app_stop(const uint8_t *p, size_t len, struct answer *a)
{
	uint32_t env = le32_get(p);
	const struct app *app = app_of_env(env);

	(void)len;
	if (app == NULL)
		return refuse(
			a, SP_ENOENT, "the agent runs nothing as %u", env);
	handlers_drop(env);
	if (app->has_ring)
		filters_drop(AG_TO_RING, app->ring);
	return app_stop(env);
}

static int
op_flow(const uint8_t *p, size_t len, struct answer *a)
{
	struct ag_flow req;

	memcpy(&req, p, len);
	if (!staged(0, req.bytes))
		return refuse(a, SP_EINVAL, "more bytes than were staged");
	if (name_at((const uint8_t *)req.app) == NULL)
		return refuse(a, SP_EINVAL, "application's name does not end");

	int flow = flow_give(req.app, staging.bytes, req.bytes, a);

	if (flow < 0)
		return flow;
	answer_put32(a, (uint32_t)flow);
	return SP_OK;
}

static int
op_app_find(const uint8_t *p, size_t len, struct answer *a)
{
	const char *name = name_at(p);
	const struct app *app = name != NULL ? app_named(name) : NULL;

	(void)len;
	if (app == NULL)
		return refuse(a, SP_ENOENT, "no such application runs");
	answer_put32(a, app->env);
	return SP_OK;
}

static int
op_filter_add(const uint8_t *p, size_t len, struct answer *a)
{
	struct ag_filter req;

	memcpy(&req, p, len);
	if (!staged(0, req.bytes))
		return refuse(a, SP_EINVAL, "more bytes than were staged");

	/* Bindings that were taken from their owners keep no names. */
	filters_sync();

	int binding = filter_add(&req, staging.bytes, a);

	if (binding < 0)
		return binding;
	answer_put32(a, (uint32_t)binding);
	return SP_OK;
}

static int
op_filter_del(const uint8_t *p, size_t len, struct answer *a)
{
	const char *name = name_at(p);
	int err = name != NULL ? filter_del(name) : SP_ENOENT;

	(void)len;
	return err == SP_ENOENT ? refuse(a, err, "no such filter") : err;
}

static int
op_filter_blob(const uint8_t *p, size_t len, struct answer *a)
{
	const char *name = name_at(p);
	int err = name != NULL ? filter_blob(name, le32_get(p + SP_NAME), a)
			       : SP_ENOENT;

	(void)len;
	if (name != NULL && err == SP_ENOENT)
		err = capture_blob(name, le32_get(p + SP_NAME), a);
	return err == SP_ENOENT ? refuse(a, err, "no such filter") : err;
}

/* struct sp_ash, then perhaps the name of its owner. */
static int
op_ash_reserve(const uint8_t *p, size_t len, struct answer *a)
{
	struct sp_ash ash;
	char owner[SP_NAME] = "";

	if (len != sizeof(ash) && len != sizeof(ash) + sizeof(owner))
		return SP_EFORMAT;
	memcpy(&ash, p, sizeof(ash));
	memcpy(owner, p + sizeof(ash), len - sizeof(ash));

	int id = handler_reserve(&ash, owner, a);

	if (id < 0)
		return id;
	answer_put(a, &ash, sizeof(ash));
	answer_put32(a, (uint32_t)id);
	return SP_OK;
}

static int
op_ash_install(const uint8_t *p, size_t len, struct answer *a)
{
	struct ag_ash req;

	memcpy(&req, p, len);
	if (req.words > STAGING / 4 || !staged(req.words * 4, req.data_bytes))
		return refuse(a, SP_EINVAL, "more bytes than were staged");
	return handler_install(
		&req, staging.bytes, staging.bytes + req.words * 4, a);
}

static int
op_ash_pipes(const uint8_t *p, size_t len, struct answer *a)
{
	struct sp_pipes list;
	uint32_t words[SP_PIPE_WORDS];

	memcpy(words, p + 8, len - 8);
	list = (struct sp_pipes){ .list = le32_get(p + 4),
		.list_va = (uint32_t)(uintptr_t)words,
		.words = (uint32_t)(len - 8) / 4 };

	int err = sys_ash_pipes(0, le32_get(p), &list);

	return err == SP_EUNSAFE ? refuse(a, err, "pipe %u, word %u of it",
					   list.pipe, list.word)
				 : err;
}

static int
op_ash_remove(const uint8_t *p, size_t len, struct answer *a)
{
	const char *name = name_at(p);
	int err = name != NULL ? handler_remove(name) : SP_ENOENT;

	(void)len;
	return err == SP_ENOENT ? refuse(a, err, "no such handler") : err;
}

static int
op_ash_code(const uint8_t *p, size_t len, struct answer *a)
{
	const char *name = name_at(p);
	int err = name != NULL ? handler_code(name, le32_get(p + SP_NAME), a)
			       : SP_ENOENT;

	(void)len;
	return err == SP_ENOENT ? refuse(a, err, "no such handler") : err;
}

static int
op_ash_state(const uint8_t *p, size_t len, struct answer *a)
{
	const char *name = name_at(p);
	int err = name != NULL ? handler_state(name, le32_get(p + SP_NAME),
					 le32_get(p + SP_NAME + 4), a)
			       : SP_ENOENT;

	(void)len;
	return err == SP_ENOENT ? refuse(a, err, "no such handler") : err;
}

static int
op_halt(const uint8_t *p, size_t len, struct answer *a)
{
	(void)len;
	(void)a;
	halt.asked = true;
	halt.status = le32_get(p);
	return SP_OK;
}

static int
op_filter_run_file(const uint8_t *p, size_t len, struct answer *a)
{
	(void)len;
	return run_file(p, staging.bytes, STAGING, a);
}

static int
op_audit(const uint8_t *p, size_t len, struct answer *a)
{
	char text[SP_AUDIT] = "";
	int32_t wrong = sys_audit(0, text, sizeof(text));

	(void)p;
	(void)len;
	if (wrong < 0)
		return wrong;
	answer_put32(a, (uint32_t)wrong);
	answer_put(a, text, sizeof(text));
	return SP_OK;
}

static int
op_revoke(const uint8_t *p, size_t len, struct answer *a)
{
	struct sp_revoke req;
	const struct app *app;

	memcpy(&req, p, len);
	app = app_of_env(req.env);
	if (app == NULL)
		return refuse(
			a, SP_ENOENT, "the agent runs nothing as %u", req.env);
	return sys_revoke(0, &req);
}

static int
op_capture_open(const uint8_t *p, size_t len, struct answer *a)
{
	struct ag_capture req;

	memcpy(&req, p, len);
	if (!staged(0, req.bytes))
		return refuse(a, SP_EINVAL, "more bytes than were staged");
	return capture_open(&req, staging.bytes, a);
}

/* Which one it was, the host knows; where it has gone, it does not. */
static int
no_capture(int err, struct answer *a)
{
	return err == SP_ENOENT ? refuse(a, err,
					  "the capture has ended: nobody read "
					  "it for %d s",
					  AG_CAPTURE_SECONDS)
				: err;
}

static int
op_capture_read(const uint8_t *p, size_t len, struct answer *a)
{
	(void)len;
	return no_capture(capture_read(le32_get(p), le32_get(p + 4), a), a);
}

static int
op_capture_stop(const uint8_t *p, size_t len, struct answer *a)
{
	(void)len;
	return no_capture(capture_stop(le32_get(p)), a);
}

static int
op_capture_end(const uint8_t *p, size_t len, struct answer *a)
{
	(void)len;
	return no_capture(capture_end(le32_get(p)), a);
}

static int
op_clock(const uint8_t *p, size_t len, struct answer *a)
{
	(void)p;
	(void)len;
	answer_put32(a, sys_count());
	return SP_OK;
}

_Static_assert(offsetof(struct ag_app, slices) == AG_APP_LEAST,
	"part of the protocol");

struct operation {
	int (*serve)(const uint8_t *p, size_t len, struct answer *a);
	size_t least, most; /* bytes of payload */
	bool reads;
};

static const struct operation operations[] = {
	[AG_PING] = { op_ping, 0, 0, true },
	[AG_STAGE] = { op_stage, 4, AG_MAX_PAYLOAD, false },
	[AG_INFO] = { op_info, 8, 8, true },
	[AG_APP_START] = { op_app_start, AG_APP_LEAST, sizeof(struct ag_app),
		false },
	[AG_APP_STOP] = { op_app_stop, 4, 4, false },
	[AG_APP_FIND] = { op_app_find, SP_NAME, SP_NAME, true },
	[AG_FILTER_ADD] = { op_filter_add, sizeof(struct ag_filter),
		sizeof(struct ag_filter), false },
	[AG_FILTER_DEL] = { op_filter_del, SP_NAME, SP_NAME, false },
	[AG_FILTER_BLOB] = { op_filter_blob, SP_NAME + 4, SP_NAME + 4, true },
	[AG_ASH_RESERVE] = { op_ash_reserve, sizeof(struct sp_ash),
		sizeof(struct sp_ash) + SP_NAME, false },
	[AG_ASH_INSTALL] = { op_ash_install, sizeof(struct ag_ash),
		sizeof(struct ag_ash), false },
	[AG_ASH_PIPES] = { op_ash_pipes, 12, 8 + 4 * SP_PIPE_WORDS, false },
	[AG_ASH_REMOVE] = { op_ash_remove, SP_NAME, SP_NAME, false },
	[AG_ASH_CODE] = { op_ash_code, SP_NAME + 4, SP_NAME + 4, true },
	[AG_FLOW] = { op_flow, sizeof(struct ag_flow), sizeof(struct ag_flow),
		false },
	[AG_HALT] = { op_halt, 4, 4, false },
	[AG_ASH_STATE] = { op_ash_state, SP_NAME + 8, SP_NAME + 8, true },
	[AG_BINDINGS] = { op_bindings, 4, 4, true },
	[AG_AUDIT] = { op_audit, 0, 0, true },
	[AG_CLOCK] = { op_clock, 0, 0, true },
	[AG_REVOKE] = { op_revoke, sizeof(struct sp_revoke),
		sizeof(struct sp_revoke), false },
	[AG_FILTER_RUN_FILE] = { op_filter_run_file, 16, 16, true },
	[AG_FILTER_RUN] = { run_frames, 4, AG_MAX_PAYLOAD, true },
	[AG_CAPTURE_OPEN] = { op_capture_open, sizeof(struct ag_capture),
		sizeof(struct ag_capture), false },
	[AG_CAPTURE_READ] = { op_capture_read, 8, 8, true },
	[AG_CAPTURE_STOP] = { op_capture_stop, 4, 4, false },
	[AG_CAPTURE_END] = { op_capture_end, 4, 4, false },
};

static const struct operation *
operation(uint16_t op)
{
	if (op >= ARRAY_LEN(operations) || operations[op].serve == NULL)
		return NULL;
	return &operations[op];
}

bool
ops_only_reads(uint16_t op)
{
	const struct operation *o = operation(op);

	return o == NULL || o->reads;
}

static int
serve(const struct proto_msg *m, struct answer *a)
{
	const struct operation *o = operation(m->op);

	if (o == NULL)
		return refuse(a, SP_EUNSUPPORTED, "unknown operation %u",
			(uint32_t)m->op);
	if (m->len < o->least || m->len > o->most)
		return refuse(a, SP_EFORMAT,
			"operation %u does not take %u bytes", (uint32_t)m->op,
			(uint32_t)m->len);
	return o->serve(m->payload, m->len, a);
}

void
ops_serve(const struct proto_msg *m, struct answer *a)
{
	memset(&a->result, 0, sizeof(a->result));
	a->len = 0;
	captures_expire();
	a->result.code = serve(m, a);
	if (a->result.code < 0 && a->result.text[0] == '\0')
		(void)refuse(a, 0, "%s", sp_err_text(a->result.code));
}

bool
ops_halted(uint32_t *status)
{
	*status = halt.status;
	return halt.asked;
}

void
ops_sync(void)
{
	apps_reap();
	handlers_sync();
	filters_sync();
	captures_expire();
}
