/*
 * cmd_ash_show.c - list, show, disassemble and unload handlers of a machine.
 */
#include "bindings.h"
#include "code.h"
#include "commands.h"

#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>

static const char *const abort_names[] = { "none", "budget", "timer", "fault" };

static const char *
abort_name(uint32_t reason)
{
	return reason < ARRAY_LEN(abort_names) ? abort_names[reason] : "?";
}

static json_t *
ash_json(const struct sp_info *info, const struct sp_ash_info *h)
{
	char name[SP_NAME];

	return json_pack(
		"{s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, "
		"s:I, s:I}",
		"name", ash_name(h, name), "id", (json_int_t)h->id, "owner",
		env_name(info, h->owner), "words", (json_int_t)h->words,
		"data_bytes", (json_int_t)1 << h->data_bits, "budget",
		(json_int_t)h->budget, "bound", (json_int_t)h->bound, "runs",
		(json_int_t)h->runs, "replies", (json_int_t)h->replies,
		"declines", (json_int_t)h->declines, "aborts",
		(json_int_t)h->aborts, "abort_reason",
		abort_name(h->abort_reason), "abort_pc",
		(json_int_t)h->abort_pc, "bound_to", (json_int_t)h->binding);
}

static enum status
run_list(const struct args *a)
{
	json_t *all = json_array();
	char name[SP_NAME];
	struct session s;
	enum status st = session_open(a, &s);

	if (st == STATUS_OK)
		st = session_info(a, &s, CTL_ASHES);
	if (st == STATUS_OK && !a->json)
		printf("%-16s %-12s %6s %8s %10s %10s %10s %7s\n", "NAME",
			"OWNER", "WORDS", "BUDGET", "RUNS", "REPLIES",
			"DECLINES", "ABORTS");
	for (size_t i = 0; i < SP_MAX_ASHES && st == STATUS_OK; i++) {
		const struct sp_ash_info *h = &s.info->ash[i];

		if (h->id == 0)
			continue;
		json_array_append_new(all, ash_json(s.info, h));
		if (!a->json)
			printf("%-16s %-12s %6u %8u %10u %10u %10u %7u\n",
				ash_name(h, name), env_name(s.info, h->owner),
				h->words, h->budget, h->runs, h->replies,
				h->declines, h->aborts);
	}
	session_close(&s);
	if (st == STATUS_OK && a->json)
		return cli_json(all);
	json_decref(all);
	return st;
}

static void
show_text(const struct sp_info *info, const struct sp_ash_info *h)
{
	char name[SP_NAME];

	printf("handler %s\n  id        %#x, binding %#x\n"
	       "  owner     %s\n  code      %u words in a region of %u bytes\n"
	       "  state     %u bytes\n",
		ash_name(h, name), h->id, h->binding, env_name(info, h->owner),
		h->words, 1u << h->code_bits, 1u << h->data_bits);
	if (h->bound != 0)
		printf("  cost      at most %u instructions\n", h->bound);
	else
		printf("  cost      bounded by its budget of %u\n", h->budget);
	printf("  runs      %u: %u replies, %u declined, %u aborted\n", h->runs,
		h->replies, h->declines, h->aborts);
	if (h->aborts != 0)
		printf("  aborted   by %s at pc %08x, address %08x\n",
			abort_name(h->abort_reason), h->abort_pc,
			h->abort_addr);
}

static enum status
run_show(const struct args *a)
{
	const struct sp_ash_info *h;
	struct session s = { .ctl = NULL };
	enum status st = word_name(a, "handler", a->words[0]);

	if (st == STATUS_OK)
		st = session_open(a, &s);
	if (st == STATUS_OK)
		st = session_info(a, &s, CTL_ASHES);
	if (st == STATUS_OK) {
		h = find_ash(s.info, a->words[0]);
		if (h == NULL)
			st = cli_fail(a, "no handler '%s'", a->words[0]);
		else if (a->json)
			st = cli_json(ash_json(s.info, h));
		else
			show_text(s.info, h);
	}
	session_close(&s);
	return st;
}

static enum status
dump(const struct args *a, struct session *s)
{
	const struct sp_ash_info *h = find_ash(s->info, a->words[0]);
	uint8_t *bytes;
	uint32_t *words;
	size_t n;
	int err;

	if (h == NULL)
		return cli_fail(a, "no handler '%s'", a->words[0]);
	err = ctl_fetch(s->ctl, AG_ASH_CODE, h->name, &bytes, &n);
	if (err < 0)
		return session_fail(a, s, a->words[0], err);
	words = xalloc(n);
	for (size_t i = 0; i < n / 4; i++)
		words[i] = le32_get(bytes + 4 * i);
	code_dump(words, n / 4, 0, stdout);
	free(words);
	free(bytes);
	return STATUS_OK;
}

static enum status
run_dump(const struct args *a)
{
	struct session s = { .ctl = NULL };
	enum status st = word_name(a, "handler", a->words[0]);

	if (st == STATUS_OK)
		st = session_open(a, &s);
	if (st == STATUS_OK)
		st = session_info(a, &s, CTL_ASHES);
	if (st == STATUS_OK)
		st = dump(a, &s);
	session_close(&s);
	return st;
}

static enum status
run_unload(const struct args *a)
{
	const struct sp_ash_info *h;
	struct session s = { .ctl = NULL };
	int err;
	enum status st = word_name(a, "handler", a->words[0]);

	if (st == STATUS_OK)
		st = session_open(a, &s);
	if (st == STATUS_OK)
		st = session_info(a, &s, CTL_ASHES);
	if (st == STATUS_OK) {
		h = find_ash(s.info, a->words[0]);
		err = h == NULL ? SP_ENOENT
				: ctl_ask(s.ctl, AG_ASH_REMOVE, h->name,
					  SP_NAME, NULL, 0);
		if (err == SP_ENOENT)
			st = cli_fail(a, "no handler '%s'", a->words[0]);
		else if (err < 0)
			st = session_fail(a, &s, a->words[0], err);
	}
	session_close(&s);
	if (st == STATUS_OK && a->json)
		return cli_json(json_pack("{s:s}", "unloaded", a->words[0]));
	if (st == STATUS_OK)
		printf("handler '%s' unloaded\n", a->words[0]);
	return st;
}

const struct command cmd_ash_list = {
	.group = "ash",
	.verb = "list",
	.words = "",
	.what = "all handlers with their counters",
	.example = "spindle ash list",
	.run = run_list,
};

const struct command cmd_ash_show = {
	.group = "ash",
	.verb = "show",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.what = "everything about one handler",
	.example = "spindle ash show echo --json",
	.run = run_show,
};

const struct command cmd_ash_dump = {
	.group = "ash",
	.verb = "dump",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.what = "disassemble a loaded handler",
	.example = "spindle ash dump echo",
	.run = run_dump,
};

const struct command cmd_ash_unload = {
	.group = "ash",
	.verb = "unload",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.what = "unbind a handler and remove it",
	.example = "spindle ash unload echo",
	.run = run_unload,
};
