/*
 * handlers.c - reserve, install and show handlers.
 *
 * The kernel verifies; the agent keeps names and images.
 */
#include "handlers.h"

#include "apps.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/syscall.h"
#include "filters.h"

static struct handler table[SP_MAX_ASHES];

static struct handler *
find(const char *name)
{
	for (size_t i = 0; i < SP_MAX_ASHES; i++)
		if (table[i].name[0] != '\0' && str_equal(table[i].name, name))
			return &table[i];
	return NULL;
}

static struct handler *
find_id(uint32_t id)
{
	for (size_t i = 0; i < SP_MAX_ASHES; i++)
		if (table[i].name[0] != '\0' && table[i].id == id)
			return &table[i];
	return NULL;
}

static struct handler *
find_free(void)
{
	for (size_t i = 0; i < SP_MAX_ASHES; i++)
		if (table[i].name[0] == '\0')
			return &table[i];
	return NULL;
}

const struct handler *
handler_named(const char *name)
{
	const struct handler *h = find(name);

	return h != NULL && h->installed ? h : NULL;
}

static void
forget(struct handler *h)
{
	frames_free(&h->code);
	memset(h, 0, sizeof(*h));
}

static uint32_t
data_pages(const struct handler *h)
{
	return frames_for(1u << h->data_bits);
}

/* Where the kernel exposes handler ID: its index in sp_info.ash. */
static uint32_t
info_index(uint32_t id)
{
	for (uint32_t i = 0; i < SP_MAX_ASHES; i++)
		if (app_info()->ash[i].id == id)
			return i;
	return SP_MAX_ASHES;
}

static void
unmap_from_owner(const struct handler *h)
{
	uint32_t index = info_index(h->id);

	if (index < SP_MAX_ASHES)
		(void)sys_unmap(0, h->owner, app_ash_va(index, h->data_pfn),
			data_pages(h));
}

static void
unload(struct handler *h)
{
	filters_drop(AG_TO_ASH, h->id);
	if (h->owner != 0)
		unmap_from_owner(h);
	(void)sys_ash_remove(0, h->id);
	forget(h);
}

/* The owner sees the data region as its own memory. */
static int
map_for_owner(const struct handler *h)
{
	const struct frames data = { h->data_pfn, data_pages(h) };

	return frames_map(&data, h->owner,
		app_ash_va(info_index(h->id), h->data_pfn), SP_MAP_WRITE);
}

/* Who is to own it, by name. */
static int
find_owner(const char owner[SP_NAME], uint32_t *env, struct answer *a)
{
	*env = 0;
	if (owner[0] == '\0')
		return SP_OK;

	const struct app *app = name_is_good(owner) ? app_named(owner) : NULL;

	if (app == NULL)
		return refuse(a, SP_ENOENT, "the owner is not running");
	*env = app->env;
	return SP_OK;
}

int
handler_reserve(struct sp_ash *ash, const char owner[SP_NAME], struct answer *a)
{
	uint32_t env;

	if (!name_is_good(ash->name))
		return refuse(a, SP_EINVAL, "bad name for a handler");

	struct handler *h = find(ash->name);

	if (h != NULL && h->installed)
		return refuse(a, SP_EEXIST, "a handler named %s is loaded",
			ash->name);

	int err = find_owner(owner, &env, a);

	if (err < 0)
		return err;
	if (h != NULL)
		unload(h);
	h = find_free();
	if (h == NULL)
		return refuse(a, SP_EFULL, "too many handlers");
	err = sys_ash_reserve(0, env, ash);
	if (err < 0)
		return err;
	memcpy(h->name, ash->name, SP_NAME);
	h->id = (uint32_t)err;
	h->owner = env;
	h->code_bits = ash->code_bits;
	h->data_bits = ash->data_bits;
	h->data_pfn = ash->data_pfn;
	if (env != 0) {
		err = map_for_owner(h);
		if (err < 0) {
			unload(h);
			return refuse(a, err, "cannot map it for its owner");
		}
	}
	return (int)h->id;
}

int
handler_install(const struct ag_ash *req, const void *code, const void *data,
	struct answer *a)
{
	struct sp_ash_report report;
	struct handler *h = find_id(req->ash);

	memset(&report, 0, sizeof(report));
	if (h == NULL)
		return refuse(a, SP_ENOENT, "no such reservation");
	if (h->installed)
		return refuse(a, SP_EEXIST, "%s is installed", h->name);

	const struct sp_ash_code c = {
		.code_va = sys_addr(code),
		.words = req->words,
		.data_va = sys_addr(data),
		.data_bytes = req->data_bytes,
		.granted = req->granted,
		.report_va = sys_addr(&report),
	};
	int err = frames_alloc(&h->code, frames_for(req->words * 4));

	if (err < 0)
		return err;
	err = frames_write(h->code.pfn, 0, code, req->words * 4);
	if (err < 0)
		goto free_code;
	do
		err = sys_ash_install(0, h->id, &c);
	while (err == SP_EAGAIN);
	answer_put(a, &report, sizeof(report));
	if (err < 0)
		goto free_code;
	h->code_bytes = req->words * 4;
	h->installed = true;
	return SP_OK;
free_code:
	frames_free(&h->code);
	return err == SP_EUNSAFE
		       ? refuse(a, err, "verifier: rule %u at word %u",
				 report.rule, report.word)
		       : err;
}

int
handler_remove(const char *name)
{
	struct handler *h = find(name);

	if (h == NULL)
		return SP_ENOENT;
	unload(h);
	return SP_OK;
}

void
handlers_drop(uint32_t owner)
{
	for (size_t i = 0; i < SP_MAX_ASHES; i++)
		if (table[i].name[0] != '\0' && table[i].owner == owner)
			unload(&table[i]);
}

int
handler_code(const char *name, uint32_t off, struct answer *a)
{
	const struct handler *h = handler_named(name);

	if (h == NULL)
		return SP_ENOENT;
	return frames_answer(&h->code, h->code_bytes, off, a);
}

int
handler_state(const char *name, uint32_t off, uint32_t n, struct answer *a)
{
	const struct handler *h = handler_named(name);

	if (h == NULL)
		return SP_ENOENT;

	uint32_t bytes = 1u << h->data_bits;

	if (off > bytes || n > bytes - off || n > sizeof(a->data))
		return SP_EINVAL;
	a->len = n;
	return frames_read(h->data_pfn, off, a->data, n);
}

void
handlers_sync(void)
{
	for (size_t i = 0; i < SP_MAX_ASHES; i++)
		if (table[i].name[0] != '\0' &&
			info_index(table[i].id) == SP_MAX_ASHES)
			forget(&table[i]);
}
