/*
 * bindings.c - open a machine, read what it exposes, bind filters.
 */
#include "bindings.h"

#include "code.h"
#include "frame_text.h"

#include <spindle/bytes.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const drop_names[SP_DROP_COUNT] = SP_DROP_NAMES;

enum status
session_open(const struct args *a, struct session *s)
{
	enum status st;

	memset(s, 0, sizeof(*s));
	st = machine_need(a, &s->m);
	return st == STATUS_OK ? ctl_open(a, &s->m, &s->ctl) : st;
}

enum status
session_info(const struct args *a, struct session *s, enum ctl_tables tables)
{
	int err;

	if (s->info == NULL)
		s->info = xalloc(sizeof(*s->info));
	err = ctl_breathe(s->ctl);
	if (err >= 0)
		err = ctl_info(s->ctl, s->info, tables);
	return err < 0 ? session_fail(a, s, "reading counters", err)
		       : STATUS_OK;
}

void
session_close(struct session *s)
{
	ctl_close(s->ctl);
	free(s->info);
	memset(s, 0, sizeof(*s));
}

enum status
session_fail(const struct args *a, const struct session *s, const char *what,
	int code)
{
	if (code != CTL_CLOSED || machine_alive(&s->m))
		return cli_fail(a, "%s: %s", what, ctl_why(s->ctl, code));
	return cli_fail(
		a, "%s: the machine ended (spindle console says why)", what);
}

const struct sp_binding_info *
find_binding(const struct sp_info *info, const char *name)
{
	for (size_t i = 0; i < SP_MAX_BINDINGS; i++) {
		if (info->binding[i].id != 0 &&
			strncmp(info->binding[i].name, name, SP_NAME) == 0)
			return &info->binding[i];
	}
	return NULL;
}

const struct sp_ash_info *
find_ash(const struct sp_info *info, const char *name)
{
	char own[SP_NAME];

	for (size_t i = 0; i < SP_MAX_ASHES; i++) {
		if (info->ash[i].id != 0 &&
			strcmp(ash_name(&info->ash[i], own), name) == 0)
			return &info->ash[i];
	}
	return NULL;
}

const char *
ash_name(const struct sp_ash_info *h, char out[SP_NAME])
{
	size_t n = strlen(h->name);

	memcpy(out, h->name, SP_NAME);
	if (n > 1 && out[n - 1] == '+')
		out[n - 1] = '\0';
	return out;
}

const struct sp_ash_info *
ash_of_binding(const struct sp_info *info, const struct sp_binding_info *b)
{
	for (size_t i = 0; b->target == SP_TO_ASH && i < SP_MAX_ASHES; i++) {
		if (info->ash[i].id != 0 && info->ash[i].id == b->object)
			return &info->ash[i];
	}
	return NULL;
}

const char *
env_name(const struct sp_info *info, uint32_t id)
{
	for (size_t i = 0; i < SP_MAX_ENVS; i++) {
		if (id != 0 && info->env[i].id == id)
			return info->env[i].name;
	}
	return "-";
}

enum merged
binding_merged(const struct sp_binding_info *b)
{
	if (b->target == SP_TO_TEST)
		return MERGED_TESTS;
	if (b->target != SP_TO_COUNT && b->target != SP_TO_CAPTURE)
		return MERGED_RECEIVE;
	return (b->flags & SP_BIND_OUT) != 0 ? MERGED_SENT : MERGED_TAPS;
}

const char *
binding_to(const struct sp_info *info, const struct sp_binding_info *b,
	char *out, size_t room)
{
	const struct sp_ash_info *h = ash_of_binding(info, b);
	char own[SP_NAME];

	if (b->target == SP_TO_TEST)
		snprintf(out, room, "test");
	else if (b->target == SP_TO_COUNT)
		snprintf(out, room, "count");
	else if (b->target == SP_TO_RING)
		snprintf(out, room, "ring:%s", env_name(info, b->owner));
	else if (b->target == SP_TO_CAPTURE)
		snprintf(out, room, "capture");
	else
		snprintf(out, room, "ash:%s",
			h != NULL ? ash_name(h, own) : "?");
	return out;
}

const char *
binding_flags(const struct sp_binding_info *b, char *out, size_t room)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = { { SP_BIND_SHARED, "shared" },
		{ SP_BIND_FOLLOW, "follow" }, { SP_BIND_OUT, "out" } };

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		size_t n = strlen(out);

		if ((b->flags & flags[i].flag) != 0)
			snprintf(out + n, room - n, "%s%s", n > 0 ? ", " : "",
				flags[i].name);
	}
	return out;
}

json_t *
binding_facts(const struct sp_info *info, const struct sp_binding_info *b)
{
	char to[SP_NAME + 8], flags[40];

	return json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, "
			 "s:o, s:i, s:s}",
		"name", b->name, "id", (json_int_t)b->id, "to",
		binding_to(info, b, to, sizeof(to)), "owner",
		env_name(info, b->owner), "priority", (int)b->priority,
		"packets", (json_int_t)b->packets, "bytes",
		(json_int_t)b->bytes, "consumed", (json_int_t)b->consumed,
		"delivered", (json_int_t)b->delivered, "followed",
		(json_int_t)b->followed, "drops", drops_json(b->dropped),
		"nodes", (int)b->nodes, "flags",
		binding_flags(b, flags, sizeof(flags)));
}

enum status
binding_flow(const struct args *a, struct session *s,
	const struct sp_binding_info *b, char out[SP_NAME])
{
	int err;

	snprintf(out, SP_NAME, "%s", b->flow == 0 ? "all frames" : "?");
	if (b->flow == 0)
		return STATUS_OK;
	err = ctl_info_part(s->ctl, s->info, offsetof(struct sp_info, flow),
		sizeof(s->info->flow));
	if (err < 0)
		return session_fail(a, s, "reading flows", err);
	for (size_t i = 0; i < SP_MAX_FLOWS; i++) {
		struct sp_flow_info *f = &s->info->flow[i];

		f->name[SP_NAME - 1] = '\0';
		if (f->id == b->flow)
			memcpy(out, f->name, SP_NAME);
	}
	return STATUS_OK;
}

const char *
drop_name(unsigned reason)
{
	return drop_names[reason];
}

json_t *
drops_json(const uint32_t dropped[SP_DROP_COUNT])
{
	json_t *o = json_object();

	for (unsigned i = 0; i < SP_DROP_COUNT; i++)
		json_object_set_new(o, drop_names[i], json_integer(dropped[i]));
	return o;
}

uint32_t
drops_sum(const uint32_t dropped[SP_DROP_COUNT])
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < SP_DROP_COUNT; i++)
		sum += dropped[i];
	return sum;
}

/* Whose the clashing binding or flow is, "" if that cannot be found. */
static const char *
clash_owner(const struct args *a, struct session *s, const struct sp_clash *c)
{
	const struct sp_info *info;

	if (session_info(a, s, CTL_ALL_TABLES) != STATUS_OK)
		return "";
	info = s->info;
	if (c->is_flow)
		return c->name; /* flows are called after their owners */
	for (size_t i = 0; i < SP_MAX_BINDINGS; i++)
		if (info->binding[i].id == c->id && c->id != 0)
			return env_name(info, info->binding[i].owner);
	return "";
}

/* One line: whose frames, how the filters lie, and a frame both would take. */
static enum status
clash_fail(const struct args *a, struct session *s, const char *name,
	const struct sp_clash *clash)
{
	static const char *const how[] = { "is disjoint from",
		"takes the same frames as", "lies inside", "contains",
		"overlaps", "may overlap (undecided)" };
	size_t len = clash->len <= sizeof(clash->frame) ? clash->len : 0, n;
	const char *owner = clash_owner(a, s, clash);
	char *frame = NULL;
	FILE *out = open_memstream(&frame, &n);
	enum status st;

	if (out != NULL && len > 0)
		frame_print(clash->frame, len, out);
	if (out != NULL)
		fclose(out);
	st = cli_fail(a, "'%s' %s %s '%.*s'%s%s%s%s%s%s", name,
		clash->relation < sizeof(how) / sizeof(how[0])
			? how[clash->relation]
			: "clashes with",
		clash->is_flow ? "flow" : "filter", SP_NAME, clash->name,
		owner[0] != '\0' ? " of " : "", owner,
		clash->relation == DPF_OVERLAPS && !clash->is_flow
			? "; --priority decides between filters of one owner"
			: "",
		len > 0 ? "; both take " : "", len > 0 ? frame : "",
		len > 0 ? "" : "; no example frame is known");
	free(frame);
	return st;
}

/* No room for E, or it takes too long among the others. */
static enum status
full_fail(const struct args *a, const struct expr *e, const char *name)
{
	struct code c = { .words = NULL };
	uint32_t worst = 0;

	if (code_compile_one(a, &e->filter, &c) == STATUS_OK)
		worst = code_worst(c.words, c.n);
	code_release(&c);
	return cli_fail(a,
		"'%s': all places are taken, or judging a frame could take too "
		"long with it (600 instructions, 2000 for all taps; it alone "
		"takes up to %u)",
		name, worst);
}

/* OP on a staged filter; prints who is in the way of NAME if refused. */
static enum status
call_with_filter(const struct args *a, struct session *s, const struct expr *e,
	uint16_t op, const void *req, size_t bytes, const char *name,
	uint32_t *id)
{
	uint8_t *ans = xalloc(sizeof(struct sp_clash));
	struct sp_clash clash;
	enum status st;
	size_t got = 0;
	int err = ctl_stage(s->ctl, 0, e->blob, e->bytes);

	if (err >= 0)
		err = ctl_call(
			s->ctl, op, req, bytes, ans, sizeof(clash), &got);
	if (err >= 0 && got < 4)
		err = CTL_STRANGE;
	if (err >= 0) {
		*id = le32_get(ans);
		st = STATUS_OK;
	} else if (got == sizeof(clash)) {
		memcpy(&clash, ans, sizeof(clash));
		st = clash_fail(a, s, name, &clash);
	} else if (err == SP_EFULL) {
		st = full_fail(a, e, name);
	} else {
		st = session_fail(a, s, name, err);
	}
	free(ans);
	return st;
}

enum status
binding_add(const struct args *a, struct session *s, const struct expr *e,
	struct ag_filter *f, uint32_t *id)
{
	f->bytes = (uint32_t)e->bytes;
	return call_with_filter(
		a, s, e, AG_FILTER_ADD, f, sizeof(*f), f->name, id);
}

enum status
flow_add(const struct args *a, struct session *s, const struct expr *e,
	const char app[SP_NAME])
{
	struct ag_flow f = { .bytes = (uint32_t)e->bytes };
	uint32_t id;

	memcpy(f.app, app, SP_NAME);
	return call_with_filter(a, s, e, AG_FLOW, &f, sizeof(f), f.app, &id);
}

enum status
binding_fetch(const struct args *a, struct session *s, const char *name,
	struct expr *out)
{
	uint8_t *blob;
	size_t bytes;
	int err = ctl_fetch(s->ctl, AG_FILTER_BLOB, name, &blob, &bytes);

	if (err < 0)
		return session_fail(a, s, name, err);
	return expr_from_blob(a, name, blob, bytes, out);
}
