/*
 * cmd_app.c - start, list and stop applications.
 */
#include "bindings.h"
#include "commands.h"
#include "envs.h"
#include "program.h"
#include "qemu.h"

#include <spindle/bytes.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ELF = 512 << 10, MS_PER_TICK = 10 };

static const struct option start_options[] = {
	{ "flow", 0, "EXPR", "frames that are its own to bind" },
	{ "slices", 0, "N", "positions of the slice vector (default 1)" },
	{ "root", 0, NULL, "the root capability too: it may do everything" },
	{ "as", 0, "NAME", "call it NAME (default: the file's name)" },
	{ NULL, 0, NULL, NULL },
};

/* NAME is of the installation, anything with a dot or slash is a file. */
static char *
program_path(const char *word)
{
	char *file, *path;

	if (strpbrk(word, "./") != NULL)
		return xformat("%s", word);
	file = xformat("apps/%s.elf", word);
	path = library_path(file);
	free(file);
	return path;
}

/* dir/echo-ring.elf -> echo-ring */
static void
program_name(const char *path, char *out, size_t room)
{
	const char *base = strrchr(path, '/');

	base = base != NULL ? base + 1 : path;
	snprintf(out, room, "%.*s", (int)strcspn(base, "."), base);
}

static enum status
read_program(const struct args *a, const char *path, uint8_t **out, size_t *n)
{
	FILE *f = fopen(path, "re");
	uint8_t *bytes;
	bool bad;

	if (f == NULL)
		return cli_fail(a, "%s: %s", path, strerror(errno));
	bytes = xalloc(MAX_ELF + 1);
	*n = fread(bytes, 1, MAX_ELF + 1, f);
	bad = ferror(f) != 0;
	fclose(f);
	if (bad || *n > MAX_ELF) {
		free(bytes);
		return cli_fail(a, "%s: %s", path,
			bad ? "cannot be read" : "larger than 512 KiB");
	}
	*out = bytes;
	return STATUS_OK;
}

static enum status
pack_args(const struct args *a, struct ag_app *app)
{
	size_t at = 0;

	for (unsigned i = 1; i < a->nwords; i++) {
		size_t n = strlen(a->words[i]) + 1;

		if (n > sizeof(app->args) - at)
			return cli_misuse(a, "arguments of more than %zu bytes",
				sizeof(app->args));
		memcpy(app->args + at, a->words[i], n);
		at += n;
	}
	app->nargs = a->nwords > 0 ? a->nwords - 1 : 0;
	return STATUS_OK;
}

/* Give the started application its flow, or end it again. */
static enum status
give_flow(const struct args *a, struct session *s, const char name[SP_NAME],
	const uint8_t env[4])
{
	const char *text = opt_get(a, "flow");
	struct expr e;
	enum status st;

	if (text == NULL)
		return STATUS_OK;
	st = expr_compile(a, text, &e);
	if (st == STATUS_OK) {
		st = flow_add(a, s, &e, name);
		expr_release(&e);
	}
	if (st != STATUS_OK &&
		ctl_ask(s->ctl, AG_APP_STOP, env, 4, NULL, 0) < 0)
		cli_fail(a, "%s: still runs, without its flow", name);
	return st;
}

static enum status
start(const struct args *a, struct ag_app *app, const uint8_t *elf, size_t n)
{
	struct session s;
	uint8_t env[4];
	int err;
	enum status st = session_open(a, &s);

	if (st != STATUS_OK)
		return st;
	app->bytes = (uint32_t)n;
	err = ctl_stage(s.ctl, 0, elf, n);
	if (err >= 0)
		err = ctl_ask(s.ctl, AG_APP_START, app, sizeof(*app), env,
			sizeof(env));
	if (err < 0)
		st = session_fail(a, &s, app->name, err);
	else
		st = give_flow(a, &s, app->name, env);
	if (st == STATUS_OK)
		program_keep(&s.m, le32_get(env), elf, n);
	session_close(&s);
	if (st == STATUS_OK && a->json)
		return cli_json(json_pack("{s:s, s:I}", "app", app->name, "id",
			(json_int_t)le32_get(env)));
	if (st == STATUS_OK)
		printf("application '%s' started (id %u)\n", app->name,
			le32_get(env));
	return st;
}

static enum status
run_start(const struct args *a)
{
	struct ag_app app;
	const char *as = opt_get(a, "as");
	char *path = program_path(a->words[0]);
	char name[64];
	uint8_t *elf = NULL;
	uint64_t slices = 1;
	size_t n = 0;
	enum status st;

	memset(&app, 0, sizeof(app));
	program_name(path, name, sizeof(name));
	if (as == NULL)
		as = name;
	st = word_name(a, "application", as);
	ctl_name(app.name, as);
	if (st == STATUS_OK)
		st = opt_number(a, "slices", 1, SP_SLICES, &slices);
	app.slices = (uint32_t)slices;
	app.root = opt_get(a, "root") != NULL;
	if (st == STATUS_OK)
		st = pack_args(a, &app);
	if (st == STATUS_OK)
		st = elf_check(a, path);
	if (st == STATUS_OK)
		st = read_program(a, path, &elf, &n);
	if (st == STATUS_OK)
		st = start(a, &app, elf, n);
	free(elf);
	free(path);
	return st;
}

static enum status
run_list(const struct args *a)
{
	struct session s;
	enum status st = session_open(a, &s);

	if (st == STATUS_OK)
		st = session_info(a, &s, CTL_NO_TABLES);
	if (st == STATUS_OK && a->json)
		st = cli_json(envs_json(&s.m, s.info));
	else if (st == STATUS_OK)
		envs_print(&s.m, s.info, stdout);
	session_close(&s);
	return st;
}

/* ID as a number, or the name of one. */
static enum status
find_app(const struct args *a, struct session *s, uint8_t env[4])
{
	const char *word = a->words[0];
	char name[SP_NAME];
	uint64_t id;
	int err;
	enum status st;

	if (strspn(word, "0123456789") == strlen(word)) {
		st = word_number(a, "ID", word, 1, UINT32_MAX, &id);
		if (st == STATUS_OK)
			le32_put(env, (uint32_t)id);
		return st;
	}
	st = word_name(a, "application", word);
	if (st != STATUS_OK)
		return st;
	ctl_name(name, word);
	err = ctl_ask(s->ctl, AG_APP_FIND, name, sizeof(name), env, 4);
	return err < 0 ? session_fail(a, s, word, err) : STATUS_OK;
}

static enum status
run_stop(const struct args *a)
{
	struct session s;
	uint8_t env[4];
	int err;
	enum status st = session_open(a, &s);

	if (st != STATUS_OK)
		return st;
	st = find_app(a, &s, env);
	if (st == STATUS_OK) {
		err = ctl_ask(s.ctl, AG_APP_STOP, env, sizeof(env), NULL, 0);
		if (err < 0)
			st = session_fail(a, &s, a->words[0], err);
	}
	session_close(&s);
	if (st == STATUS_OK && a->json)
		return cli_json(json_pack(
			"{s:I}", "stopped", (json_int_t)le32_get(env)));
	if (st == STATUS_OK)
		printf("application '%s' stopped\n", a->words[0]);
	return st;
}

/* pages, slices, rings or filters. */
static enum status
resource_named(const struct args *a, const char *word, uint32_t *out)
{
	static const char *const names[SP_RES_COUNT] = {
		[SP_RES_PAGES] = "pages",
		[SP_RES_SLICES] = "slices",
		[SP_RES_RINGS] = "rings",
		[SP_RES_FILTERS] = "filters",
	};

	for (uint32_t i = 0; i < SP_RES_COUNT; i++) {
		if (names[i] != NULL && strcmp(names[i], word) == 0) {
			*out = i;
			return STATUS_OK;
		}
	}
	return cli_misuse(a,
		"what to take must be pages, slices, rings or filters, not "
		"'%s'",
		word);
}

static enum status
run_revoke(const struct args *a)
{
	struct session s = { .ctl = NULL };
	struct sp_revoke r = { .env = 0 };
	uint64_t count, within = 1000;
	uint8_t env[4];
	int err;
	enum status st = resource_named(a, a->words[1], &r.resource);

	if (st == STATUS_OK)
		st = word_number(a, "N", a->words[2], 1, UINT32_MAX, &count);
	if (st == STATUS_OK)
		st = opt_number(a, "within", 0, 3600000, &within);
	if (st == STATUS_OK)
		st = session_open(a, &s);
	if (st == STATUS_OK)
		st = find_app(a, &s, env);
	if (st == STATUS_OK) {
		r.env = le32_get(env);
		r.count = (uint32_t)count;
		r.ticks = (uint32_t)((within + MS_PER_TICK - 1) / MS_PER_TICK);
		err = ctl_ask(s.ctl, AG_REVOKE, &r, sizeof(r), NULL, 0);
		if (err < 0)
			st = session_fail(a, &s, a->words[0], err);
	}
	session_close(&s);
	if (st == STATUS_OK && a->json)
		return cli_json(json_pack("{s:I, s:s, s:I, s:I}", "id",
			(json_int_t)r.env, "resource", a->words[1], "count",
			(json_int_t)count, "ticks", (json_int_t)r.ticks));
	if (st == STATUS_OK && r.ticks == 0)
		printf("%u %s taken from application '%s'\n", r.count,
			a->words[1], a->words[0]);
	else if (st == STATUS_OK)
		printf("application '%s' has %u ms to give back %u %s\n",
			a->words[0], r.ticks * MS_PER_TICK, r.count,
			a->words[1]);
	return st;
}

static const struct option revoke_options[] = {
	{ "within", 0, "MS", "then it is taken by force (default 1000)" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_app_revoke = {
	.group = "app",
	.verb = "revoke",
	.words = "ID|NAME pages|slices|rings|filters N",
	.min_words = 3,
	.max_words = 3,
	.what = "ask an application to give something back, in time",
	.options = revoke_options,
	.example = "spindle app revoke echo-ring slices 1 --within 500",
	.run = run_revoke,
};

const struct command cmd_app_start = {
	.group = "app",
	.verb = "start",
	.words = "NAME|FILE.elf [ARG...]",
	.min_words = 1,
	.max_words = CLI_NO_LIMIT,
	.what = "start a program in an environment of its own",
	.options = start_options,
	.example = "spindle app start echo-ring",
	.run = run_start,
};

const struct command cmd_app_list = {
	.group = "app",
	.verb = "list",
	.words = "",
	.what = "environments: what they own, what they did, why they ended",
	.example = "spindle app list --json",
	.run = run_list,
};

const struct command cmd_app_stop = {
	.group = "app",
	.verb = "stop",
	.words = "ID|NAME",
	.min_words = 1,
	.max_words = 1,
	.what = "end an application; its filters and handlers go with it",
	.example = "spindle app stop echo-ring",
	.run = run_stop,
};
