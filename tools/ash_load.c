/*
 * ash_load.c - place and verify a handler here, install it there.
 *
 * It is placed and verified at the addresses the kernel reserved, so that a
 * refusal can name the source line; the kernel verifies again and believes none
 * of it.  A step that fails undoes those before it.
 */
#include "ash_load.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BUDGET = 200000 };

/* Say what the ash library printed to TEXT as one of our errors. */
static enum status
fail_text(const struct args *a, char *text)
{
	enum status st;

	text[strcspn(text, "\n")] = '\0';
	st = cli_fail(a, "%s", text);
	free(text);
	return st;
}

enum status
load_object(struct load *l, const char *path)
{
	char *text = NULL;
	size_t bytes;
	FILE *err = open_memstream(&text, &bytes);
	int code;

	if (err == NULL)
		return cli_fail(l->a, "out of memory");
	code = ash_file_open(&l->file, path, err);
	fclose(err);
	if (code < 0)
		return fail_text(l->a, text);
	free(text);
	return STATUS_OK;
}

enum status
load_options(struct load *l)
{
	const char *owner = opt_get(l->a, "owner"),
		   *ring = opt_get(l->a, "ring");
	uint64_t budget = 0;
	enum status st = opt_number(l->a, "budget", 1, MAX_BUDGET, &budget);

	if (st == STATUS_OK && owner != NULL)
		st = word_name(l->a, "application", owner);
	if (st == STATUS_OK && ring != NULL)
		st = word_name(l->a, "application", ring);
	l->ash.budget = (uint32_t)budget;
	return st;
}

/* Ask for regions; the handler belongs to whom its declined frames go to. */
static enum status
reserve(struct load *l)
{
	struct {
		struct sp_ash ash;
		char owner[SP_NAME];
	} req = { .owner = "" };
	struct {
		struct sp_ash ash;
		uint32_t id;
	} ans;
	const char *owner = opt_get(l->a, "owner");
	int err;

	if (owner == NULL)
		owner = opt_get(l->a, "ring");
	if (owner != NULL)
		ctl_name(req.owner, owner);
	l->ash.code_bits = l->file.obj.code_bits;
	l->ash.data_bits = l->file.obj.data_bits;
	ctl_name(l->ash.name, l->name);
	req.ash = l->ash;
	err = ctl_ask(
		l->s.ctl, AG_ASH_RESERVE, &req, sizeof(req), &ans, sizeof(ans));
	if (err < 0)
		return session_fail(l->a, &l->s, l->a->words[0], err);
	l->ash = ans.ash;
	l->id = ans.id;
	return STATUS_OK;
}

static void
fill_params(struct load *l)
{
	l->params = (struct ash_params){
		.code_base = l->ash.code_base,
		.code_bits = l->file.obj.code_bits,
		.data_bits = l->file.obj.data_bits,
		.granted = l->file.obj.imports,
	};
	memcpy(l->params.import_addr, l->ash.import_addr,
		sizeof(l->params.import_addr));
#define X(name, number, cost) l->params.import_cost[number] = (cost);
	ASH_IMPORTS(X)
#undef X
}

static enum status
refused(const struct load *l, size_t words)
{
	char *text = NULL;
	size_t bytes;
	FILE *err = open_memstream(&text, &bytes);

	if (err == NULL)
		return cli_fail(l->a, "out of memory");
	ash_host_explain(&l->file, l->code, words, &l->report, err);
	fclose(err);
	return fail_text(l->a, text);
}

/* Lay it out for where it will be, and verify it there. */
static enum status
place(struct load *l)
{
	enum { BREAK = 0x0000000d };
	size_t words = (size_t)1 << (l->file.obj.code_bits - 2);
	size_t scratch_bytes = words * ASH_SCRATCH;
	uint8_t *scratch = xalloc(scratch_bytes);
	int err;

	l->code = xalloc(words * sizeof(*l->code));
	l->data = xalloc((size_t)1 << l->file.obj.data_bits);
	fill_params(l);
	err = ash_place(&l->file.obj, &l->params, l->ash.data_base, l->ash.exit,
		l->ash.abort, l->code, l->data);
	if (err < 0) {
		free(scratch);
		return cli_fail(l->a, "%s: %s %s", l->file.path,
			l->file.obj.why, l->file.obj.symbol);
	}
	for (l->words = words; l->words > ASH_FIRST_WORD; l->words--) {
		if (l->code[l->words - 1] != BREAK)
			break;
	}
	err = ash_verify(l->code, l->words, &l->params, scratch, scratch_bytes,
		&l->report);
	free(scratch);
	if (err == SP_EUNSAFE)
		return refused(l, l->words);
	return err < 0 ? cli_fail(
				 l->a, "%s: %s", l->file.path, sp_err_text(err))
		       : STATUS_OK;
}

/* Bytes of the data region that are not zero anyway. */
static size_t
data_bytes(const struct load *l)
{
	size_t n = (size_t)1 << l->file.obj.data_bits;

	while (n > 0 && l->data[n - 1] == 0)
		n--;
	return n;
}

/* Lists of pipes are there before the handler that names them. */
static enum status
bring_lists(struct load *l)
{
	struct {
		uint32_t ash, place, list[ASH_PIPES_LIST];
	} req = { .ash = l->id };

	for (uint32_t i = 0;; i++) {
		int n = ash_object_list(&l->file.obj, i, &req.place, req.list);

		if (n == SP_ENOENT)
			return STATUS_OK;
		if (n >= 0)
			n = ctl_ask(l->s.ctl, AG_ASH_PIPES, &req,
				8 + 4 * (size_t)n, NULL, 0);
		if (n < 0)
			return session_fail(l->a, &l->s, l->a->words[0], n);
	}
}

static enum status
install(struct load *l)
{
	size_t bytes = data_bytes(l);
	struct ag_ash req = { .ash = l->id,
		.words = (uint32_t)l->words,
		.data_bytes = (uint32_t)bytes,
		.granted = l->params.granted };
	struct sp_ash_report r = { .rule = 0 };
	size_t got = 0;
	int err = ctl_stage(l->s.ctl, 0, l->code, 4 * l->words);

	if (err >= 0)
		err = ctl_stage(l->s.ctl, req.words * 4, l->data, bytes);
	if (err >= 0)
		err = ctl_call(l->s.ctl, AG_ASH_INSTALL, &req, sizeof(req), &r,
			sizeof(r), &got);
	if (err == SP_EUNSAFE && got == sizeof(r)) {
		l->report.rule = (enum ash_rule)r.rule;
		l->report.word = r.word;
		return refused(l, l->words);
	}
	return err < 0 ? session_fail(l->a, &l->s, l->a->words[0], err)
		       : STATUS_OK;
}

void
load_remove(struct load *l, const char *name)
{
	char req[SP_NAME];

	ctl_name(req, name);
	if (ctl_ask(l->s.ctl, AG_ASH_REMOVE, req, sizeof(req), NULL, 0) < 0)
		(void)cli_fail(l->a, "'%s' could not be removed again", name);
}

enum status
load_bring_in(struct load *l)
{
	enum status st = reserve(l);

	if (st != STATUS_OK)
		return st;
	st = place(l);
	if (st == STATUS_OK)
		st = bring_lists(l);
	if (st == STATUS_OK)
		st = install(l);
	if (st != STATUS_OK)
		load_remove(l, l->name);
	return st;
}

void
load_close(struct load *l)
{
	session_close(&l->s);
	ash_file_close(&l->file);
	free(l->code);
	free(l->data);
}
