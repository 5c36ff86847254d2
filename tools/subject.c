/*
 * subject.c - find, bind and release what `filter run` asks about.
 */
#include "subject.h"

#include <spindle/bytes.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct subject *
add(struct subjects *all, const char *text)
{
	struct subject *s;

	all->one = realloc(all->one, (all->n + 1) * sizeof(*all->one));
	if (all->one == NULL)
		abort();
	s = &all->one[all->n++];
	memset(s, 0, sizeof(*s));
	s->text = xformat("%s", text);
	snprintf(s->name, sizeof(s->name), "run+%d.%zu", (int)getpid(), all->n);
	return s;
}

/* Expressions of a file; blank lines and those that begin with # are none. */
static enum status
read_file(const struct args *a, const char *file, struct subjects *all)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t room = 0;
	struct subject *s;

	if (f == NULL)
		return cli_fail(a, "%s: %s", file, strerror(errno));
	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[strspn(line, " \t")] == '\0' || line[0] == '#')
			continue;
		s = add(all, line);
		s->refused = expr_compile(a, line, &s->e) != STATUS_OK;
	}
	free(line);
	fclose(f);
	return all->n > 0 ? STATUS_OK
			  : cli_fail(a, "%s: holds no expression", file);
}

static enum status
take_binding(const struct args *a, struct session *s, struct subjects *all,
	bool *found)
{
	const struct sp_binding_info *b = NULL;
	struct subject *one;
	enum status st = session_info(a, s, CTL_ALL_TABLES);

	if (st == STATUS_OK && a->nwords == 1)
		b = find_binding(s->info, a->words[0]);
	*found = b != NULL;
	if (b == NULL)
		return st;
	one = add(all, a->words[0]);
	all->set = b->target == SP_TO_TEST ? SP_RUN_TEST
		   : b->target == SP_TO_COUNT || b->target == SP_TO_CAPTURE
			   ? SP_RUN_TAPS
			   : SP_RUN_RECEIVE;
	one->slot = (uint16_t)b->id;
	return STATUS_OK;
}

enum status
subjects_find(const struct args *a, struct session *s, const char *file,
	struct subjects *out)
{
	bool found;
	char *text;
	enum status st;

	memset(out, 0, sizeof(*out));
	out->set = SP_RUN_TEST;
	out->many = file != NULL;
	if (file != NULL)
		return read_file(a, file, out);
	st = take_binding(a, s, out, &found);
	if (st != STATUS_OK || found)
		return st;
	text = words_join(a, 0);
	st = expr_compile(a, text, &add(out, text)->e);
	free(text);
	return st;
}

/* Returns a slot or the agent's code. */
static int
bind_one(struct session *s, const struct subject *one)
{
	struct ag_filter f = {
		.bytes = (uint32_t)one->e.bytes,
		.to = AG_TO_TEST,
	};
	uint8_t id[4];
	int err = ctl_breathe(s->ctl);

	memcpy(f.name, one->name, SP_NAME);
	if (err >= 0)
		err = ctl_stage(s->ctl, 0, one->e.blob, one->e.bytes);
	if (err >= 0)
		err = ctl_ask(
			s->ctl, AG_FILTER_ADD, &f, sizeof(f), id, sizeof(id));
	return err < 0 ? err : le16_get(id);
}

/* Is this code about room that a smaller group would have? */
static bool
is_full(int err)
{
	return err == SP_EFULL || err == SP_ENOMEM;
}

enum status
subjects_bind(const struct args *a, struct session *s, struct subjects *all,
	size_t *next)
{
	size_t bound = 0;

	memset(all->by_slot, 0, sizeof(all->by_slot));
	for (; *next < all->n; (*next)++) {
		struct subject *one = &all->one[*next];
		int err = one->slot;

		if (one->refused)
			continue;
		if (one->e.blob != NULL)
			err = bind_one(s, one);
		if (is_full(err) && bound > 0)
			break;
		if (err < 0) {
			enum status st = session_fail(a, s, one->text, err);

			if (!all->many || err <= CTL_LOST)
				return st;
			one->refused = true;
			continue;
		}
		one->slot = (uint16_t)err;
		all->by_slot[one->slot % SP_MAX_BINDINGS] =
			(uint16_t)(*next + 1);
		bound++;
	}
	return STATUS_OK;
}

enum status
subjects_unbind(const struct args *a, struct session *s, struct subjects *all)
{
	enum status st = STATUS_OK;

	for (size_t i = 0; i < all->n; i++) {
		struct subject *one = &all->one[i];
		int err = SP_OK;

		if (one->e.blob != NULL && one->slot != 0)
			err = ctl_ask(s->ctl, AG_FILTER_DEL, one->name,
				sizeof(one->name), NULL, 0);
		one->slot = 0;
		if (err < 0)
			st = session_fail(a, s, one->name, err);
	}
	return st;
}

void
subjects_release(struct subjects *all)
{
	for (size_t i = 0; i < all->n; i++) {
		expr_release(&all->one[i].e);
		free(all->one[i].text);
		free(all->one[i].first_mismatch);
	}
	free(all->one);
	memset(all, 0, sizeof(*all));
}
