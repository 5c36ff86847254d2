/*
 * cmd_filter.c - bind, replace and unbind filters of a running machine.
 *
 * The kernel decides about overlap; a refusal carries the binding in the way
 * and a frame that both would take.  Many at once: filter_batch.c.
 */
#include "advice.h"
#include "bindings.h"
#include "commands.h"
#include "filter_batch.h"
#include "source.h"

#include <stdlib.h>
#include <string.h>

enum { WARN_MAX = 500 }; /* longer programs are bound, not thought about */

static const struct option replace_options[] = {
	SOURCE_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

static const struct option add_options[] = {
	SOURCE_OPTIONS,
	{ "from", 0, "FILE",
		"add each NAME=EXPR line of FILE (-: standard input)" },
	{ "all-or-none", 0, NULL, "... but nothing if one of them is refused" },
	{ "to", 0, "TARGET",
		"count (default), ring:APP, ash:NAME or test (filter run "
		"only)" },
	{ "priority", 0, "N", "wins over lower ones of the same owner" },
	{ "shared", 0, NULL, "gets its own copy of group frames and ARP" },
	{ "follow", 0, NULL, "rings: gets all fragments of its datagrams" },
	{ NULL, 0, NULL, NULL },
};

/* Fill TO and TARGET from "count", "ring:APP", "ash:NAME". */
static enum status
parse_target(const struct args *a, const char *text, struct ag_filter *f)
{
	const char *name = strchr(text, ':');
	enum status st;

	if (strcmp(text, "count") == 0) {
		f->to = AG_TO_COUNT;
		return STATUS_OK;
	}
	if (strcmp(text, "test") == 0) {
		f->to = AG_TO_TEST;
		return STATUS_OK;
	}
	if (strncmp(text, "ring:", 5) == 0)
		f->to = AG_TO_RING;
	else if (strncmp(text, "ash:", 4) == 0)
		f->to = AG_TO_ASH;
	else
		return cli_misuse(a,
			"--to is count, test, ring:APP or ash:NAME, not '%s'",
			text);
	st = word_name(
		a, f->to == AG_TO_RING ? "application" : "handler", name + 1);
	if (st == STATUS_OK)
		ctl_name(f->target, name + 1);
	return st;
}

static enum status
parse_add(const struct args *a, struct ag_filter *f)
{
	const char *to = opt_get(a, "to"), *text = opt_get(a, "priority");
	uint64_t priority = 0;
	enum status st;

	memset(f, 0, sizeof(*f));
	st = parse_target(a, to != NULL ? to : "count", f);
	if (st == STATUS_OK && text != NULL)
		st = word_number(a, "--priority", text + (text[0] == '-'), 0,
			1000000, &priority);
	if (st != STATUS_OK)
		return st;
	f->priority = (int32_t)priority;
	if (text != NULL && text[0] == '-')
		f->priority = -f->priority;
	if (opt_get(a, "shared") != NULL)
		f->flags |= SP_BIND_SHARED;
	if (opt_get(a, "follow") != NULL)
		f->flags |= SP_BIND_FOLLOW;
	if ((f->flags & SP_BIND_SHARED) != 0 && f->to == AG_TO_COUNT)
		return cli_misuse(a,
			"--shared needs --to ring:APP or ash:NAME; counters "
			"see every frame anyway");
	if ((f->flags & SP_BIND_FOLLOW) != 0 && f->to != AG_TO_RING)
		return cli_misuse(a,
			"--follow needs --to ring:APP; counters and handlers "
			"see one frame at a time");
	return STATUS_OK;
}

static void
warn(const struct expr *e)
{
	struct advices *all;

	if (e->prog.bf_len > WARN_MAX)
		return;
	fflush(stdout);
	all = xalloc(sizeof(*all));
	advices_of(e, all);
	advices_print(all, false, stderr);
	advices_release(all);
	free(all);
}

/* What is done, and warnings, since nobody may have asked for a check. */
static enum status
answer(const struct args *a, const char *done, const char *name, uint32_t id,
	const struct expr *e)
{
	if (a->json)
		return cli_json(json_pack("{s:s, s:I, s:i}", "filter", name,
			"binding", (json_int_t)id, "nodes",
			(int)e->filter.nnodes));
	printf("filter '%s' %s: %u tests\n", name, done, e->filter.nnodes);
	warn(e);
	return STATUS_OK;
}

/* The name that handler F->target has in the kernel. */
static enum status
resolve_handler(const struct args *a, struct session *s, struct ag_filter *f)
{
	const struct sp_ash_info *h;
	enum status st = session_info(a, s, CTL_ASHES);

	if (st != STATUS_OK)
		return st;
	h = find_ash(s->info, f->target);
	if (h == NULL)
		return cli_fail(a, "no handler '%s'", f->target);
	memcpy(f->target, h->name, SP_NAME);
	return STATUS_OK;
}

/* One filter, which the command's words name. */
static enum status
add_one(const struct args *a, struct session *s, struct ag_filter *f)
{
	struct expr e;
	uint32_t id;
	enum status st = source_compile(a, 1, &e);

	if (st != STATUS_OK)
		return st;
	ctl_name(f->name, a->words[0]);
	st = session_open(a, s);
	if (st == STATUS_OK && f->to == AG_TO_ASH)
		st = resolve_handler(a, s, f);
	if (st == STATUS_OK)
		st = binding_add(a, s, &e, f, &id);
	if (st == STATUS_OK)
		st = answer(a, "added", a->words[0], id, &e);
	expr_release(&e);
	return st;
}

static enum status
add_many(const struct args *a, struct session *s, struct ag_filter *f)
{
	enum status st;

	if (a->nwords > 0 || opt_get(a, "file") != NULL ||
		opt_get(a, "bpf") != NULL)
		return cli_misuse(a, "--from FILE has names and filters");
	if (f->to == AG_TO_ASH)
		return cli_misuse(a, "a handler has one filter");
	st = session_open(a, s);
	return st == STATUS_OK ? batch_add(a, s, opt_get(a, "from"), f,
					 opt_get(a, "all-or-none") != NULL)
			       : st;
}

static enum status
run_add(const struct args *a)
{
	struct session s = { .ctl = NULL };
	bool many = opt_get(a, "from") != NULL;
	struct ag_filter f;
	enum status st = STATUS_OK;

	if (!many && a->nwords == 0)
		st = cli_misuse(a, "expected NAME or --from FILE");
	if (!many && st == STATUS_OK)
		st = word_name(a, "filter", a->words[0]);
	if (st == STATUS_OK)
		st = parse_add(a, &f);
	if (st == STATUS_OK)
		st = many ? add_many(a, &s, &f) : add_one(a, &s, &f);
	session_close(&s);
	return st;
}

/* The request that puts another filter into the place of binding B. */
static void
same_binding(const struct sp_info *info, const struct sp_binding_info *b,
	struct ag_filter *f)
{
	const struct sp_ash_info *h = ash_of_binding(info, b);

	memset(f, 0, sizeof(*f));
	f->to = b->target == SP_TO_COUNT  ? AG_TO_COUNT
		: b->target == SP_TO_TEST ? AG_TO_TEST
		: b->target == SP_TO_RING ? AG_TO_RING
					  : AG_TO_ASH;
	f->priority = b->priority;
	f->flags = (b->flags & (SP_BIND_SHARED | SP_BIND_FOLLOW)) |
		   SP_BIND_REPLACE;
	memcpy(f->name, b->name, SP_NAME);
	if (f->to == AG_TO_RING)
		ctl_name(f->target, env_name(info, b->owner));
	else if (h != NULL)
		memcpy(f->target, h->name, SP_NAME);
}

static enum status
replace(const struct args *a, struct session *s, const struct expr *e)
{
	const struct sp_binding_info *b;
	struct ag_filter f;
	uint32_t id;
	enum status st = session_info(a, s, CTL_ALL_TABLES);

	if (st != STATUS_OK)
		return st;
	b = find_binding(s->info, a->words[0]);
	if (b == NULL)
		return cli_fail(a, "no filter '%s'", a->words[0]);
	same_binding(s->info, b, &f);
	st = binding_add(a, s, e, &f, &id);
	return st == STATUS_OK ? answer(a, "replaced", a->words[0], id, e) : st;
}

static enum status
run_replace(const struct args *a)
{
	struct session s = { .ctl = NULL };
	struct expr e;
	enum status st = word_name(a, "filter", a->words[0]);

	if (st == STATUS_OK)
		st = source_compile(a, 1, &e);
	if (st == STATUS_OK) {
		st = session_open(a, &s);
		if (st == STATUS_OK)
			st = replace(a, &s, &e);
		session_close(&s);
		expr_release(&e);
	}
	return st;
}

static enum status
run_del(const struct args *a)
{
	struct session s;
	char name[SP_NAME];
	int err;
	enum status st = word_name(a, "filter", a->words[0]);

	if (st == STATUS_OK)
		st = session_open(a, &s);
	if (st != STATUS_OK)
		return st;
	ctl_name(name, a->words[0]);
	err = ctl_ask(s.ctl, AG_FILTER_DEL, name, sizeof(name), NULL, 0);
	if (err == SP_ENOENT)
		st = cli_fail(a, "no filter '%s'", a->words[0]);
	else if (err < 0)
		st = session_fail(a, &s, name, err);
	session_close(&s);
	if (st == STATUS_OK && a->json)
		return cli_json(json_pack("{s:s}", "deleted", a->words[0]));
	if (st == STATUS_OK)
		printf("filter '%s' deleted\n", a->words[0]);
	return st;
}

const struct command cmd_filter_add = {
	.group = "filter",
	.verb = "add",
	.words = "NAME [EXPR...]",
	.max_words = CLI_NO_LIMIT,
	.what = "bind the frames of a filter to a counter, ring or handler",
	.options = add_options,
	.example = "spindle filter add web 'tcp dst port 80' --to ring:server\n"
		   "  spindle filter add ip --atoms '(12:16 == 0x800)'\n"
		   "  spindle filter add ip --bpf ip.ddd --priority 2\n"
		   "  spindle filter add --from many.filters --all-or-none",
	.run = run_add,
};

const struct command cmd_filter_replace = {
	.group = "filter",
	.verb = "replace",
	.words = "NAME [EXPR...]",
	.min_words = 1,
	.max_words = CLI_NO_LIMIT,
	.what = "give a binding another filter, atomically; its counters stay",
	.options = replace_options,
	.example = "spindle filter replace web 'tcp dst port 8080'",
	.run = run_replace,
};

const struct command cmd_filter_del = {
	.group = "filter",
	.verb = "del",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.what = "unbind a filter",
	.example = "spindle filter del web",
	.run = run_del,
};
