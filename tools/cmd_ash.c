/*
 * cmd_ash.c - load handlers into a running machine and replace them.
 *
 * How an object gets into the kernel is in ash_load.c; here it is bound.
 */
#include "ash_load.h"
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#define LOAD_OPTIONS                                                           \
	{ "budget", 0, "N", "instructions a frame may cost (default 10000)" }, \
		{ "owner", 0, "APP",                                           \
			"whose handler it is (default: agent's)" },            \
	{                                                                      \
		"ring", 0, "APP", "who gets the frames it declines"            \
	}

static const struct option load_table[] = {
	{ "filter", 0, "EXPR", "the frames it handles (required)" },
	{ "priority", 0, "N", "wins over lower ones of the same owner" },
	{ "shared", 0, NULL, "gets its own copy of group frames and ARP" },
	LOAD_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

static const struct option replace_table[] = {
	LOAD_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

static enum status
answer(const struct load *l, const char *done)
{
	const struct args *a = l->a;

	if (a->json)
		return cli_json(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}",
			"handler", a->words[0], "id", (json_int_t)l->id,
			"words", (json_int_t)l->words, "bound",
			(json_int_t)l->report.bound, "stretch",
			(json_int_t)l->report.stretch, "data_bytes",
			(json_int_t)1 << l->ash.data_bits));
	printf("handler '%s' %s: %zu instructions", a->words[0], done,
		l->words - ASH_FIRST_WORD);
	if (l->report.bound != 0)
		printf(", at most %u a frame\n", l->report.bound);
	else
		printf(", at most budget + %u a frame\n", l->report.stretch);
	return STATUS_OK;
}

static enum status
bind_handler(struct load *l, const struct expr *e)
{
	const char *ring = opt_get(l->a, "ring");
	const char *priority = opt_get(l->a, "priority");
	struct ag_filter f = { .to = AG_TO_ASH };
	uint64_t n = 0;
	uint32_t id;
	enum status st = STATUS_OK;

	if (priority != NULL)
		st = word_number(l->a, "--priority",
			priority + (priority[0] == '-'), 0, 1000000, &n);
	if (st != STATUS_OK)
		return st;
	f.priority =
		(int32_t)n * (priority != NULL && *priority == '-' ? -1 : 1);
	if (opt_get(l->a, "shared") != NULL)
		f.flags |= SP_BIND_SHARED;
	ctl_name(f.name, l->name);
	ctl_name(f.target, l->name);
	if (ring != NULL)
		ctl_name(f.ring, ring);
	return binding_add(l->a, &l->s, e, &f, &id);
}

static enum status
run_load(const struct args *a)
{
	struct load *l = xalloc(sizeof(*l));
	const char *text = opt_get(a, "filter");
	struct expr e = { .blob = NULL };
	enum status st = word_name(a, "handler", a->words[0]);

	l->a = a;
	ctl_name(l->name, a->words[0]);
	if (st == STATUS_OK && text == NULL)
		st = cli_misuse(a, "--filter EXPR is missing");
	if (st == STATUS_OK)
		st = load_options(l);
	if (st == STATUS_OK)
		st = load_object(l, a->words[1]);
	if (st == STATUS_OK)
		st = expr_compile(a, text, &e);
	if (st == STATUS_OK)
		st = session_open(a, &l->s);
	if (st == STATUS_OK)
		st = load_bring_in(l);
	if (st == STATUS_OK) {
		st = bind_handler(l, &e);
		if (st != STATUS_OK)
			load_remove(l, l->name);
	}
	if (st == STATUS_OK)
		st = answer(l, "loaded");
	expr_release(&e);
	load_close(l);
	free(l);
	return st;
}

/*
 * Names of handlers are unique, and the old one must run until the new one is
 * bound: the two take turns as NAME and NAME+.
 */
static enum status
swap(struct load *l, const struct sp_ash_info *old)
{
	const struct sp_binding_info *b = NULL;
	const char *ring = opt_get(l->a, "ring");
	struct ag_filter f = { .to = AG_TO_ASH, .flags = SP_BIND_REPLACE };
	struct expr e;
	uint32_t id;
	enum status st;

	for (size_t i = 0; i < SP_MAX_BINDINGS && b == NULL; i++) {
		if (l->s.info->binding[i].id != 0 &&
			l->s.info->binding[i].id == old->binding)
			b = &l->s.info->binding[i];
	}
	if (b == NULL)
		return STATUS_OK;
	st = binding_fetch(l->a, &l->s, b->name, &e);
	if (st != STATUS_OK)
		return st;
	f.priority = b->priority;
	f.flags |= b->flags & SP_BIND_SHARED;
	memcpy(f.name, b->name, sizeof(f.name));
	ctl_name(f.target, l->name);
	if (ring != NULL)
		ctl_name(f.ring, ring);
	st = binding_add(l->a, &l->s, &e, &f, &id);
	expr_release(&e);
	return st;
}

static enum status
replace(struct load *l)
{
	const struct sp_ash_info *old;
	size_t n = strlen(l->a->words[0]);
	enum status st = session_info(l->a, &l->s, CTL_ALL_TABLES);

	if (st != STATUS_OK)
		return st;
	old = find_ash(l->s.info, l->a->words[0]);
	if (old == NULL)
		return cli_fail(l->a, "no handler '%s'", l->a->words[0]);
	ctl_name(l->name, l->a->words[0]);
	if (strcmp(old->name, l->name) == 0) {
		if (n + 1 >= SP_NAME)
			return cli_fail(l->a, "the name is too long");
		l->name[n] = '+';
	}
	st = load_bring_in(l);
	if (st != STATUS_OK)
		return st;
	st = swap(l, old);
	load_remove(l, st == STATUS_OK ? old->name : l->name);
	return st == STATUS_OK ? answer(l, "replaced") : st;
}

static enum status
run_replace(const struct args *a)
{
	struct load *l = xalloc(sizeof(*l));
	enum status st = word_name(a, "handler", a->words[0]);

	l->a = a;
	if (st == STATUS_OK)
		st = load_options(l);
	if (st == STATUS_OK)
		st = load_object(l, a->words[1]);
	if (st == STATUS_OK)
		st = session_open(a, &l->s);
	if (st == STATUS_OK)
		st = replace(l);
	load_close(l);
	free(l);
	return st;
}

const struct command cmd_ash_load = {
	.group = "ash",
	.verb = "load",
	.words = "NAME FILE.o --filter EXPR",
	.min_words = 2,
	.max_words = 2,
	.what = "verify a handler, load it, bind its frames",
	.options = load_table,
	.example = "spindle ash load echo build/ash/udp_echo.o "
		   "--filter 'udp dst port 7'",
	.run = run_load,
};

const struct command cmd_ash_replace = {
	.group = "ash",
	.verb = "replace",
	.words = "NAME FILE.o",
	.min_words = 2,
	.max_words = 2,
	.what = "give a binding another handler without losing a frame",
	.options = replace_table,
	.example = "spindle ash replace echo build/ash/udp_echo.o",
	.run = run_replace,
};
