/*
 * main.c - a stride scheduler that is an ordinary program (SOSP'95, 7.3).
 *
 * Its children own no slices: each of its own goes, by a directed yield, to the
 * child whose pass is least, and a pass grows by a stride that is inverse to the
 * tickets its child holds.  Usage: stride SLICES TICKETS...
 */
#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/spawn.h"
#include "apps/lib/syscall.h"

enum {
	CHILDREN = 8,
	SHARED_VA = 0x22000000, /* a word of progress for each */
	STRIDE_ONE = 1 << 20,   /* the stride of a single ticket */
	SLICES_MAX = 100000,
};

static struct client {
	struct spawn child;
	uint32_t tickets, stride, pass;
	uint32_t slices, began; /* progress before the first slice */
} client[CHILDREN];

static uint32_t *
progress(uint32_t i)
{
	return (uint32_t *)SHARED_VA + i;
}

/* A child: as much as it can in the slices it is given. */
_Noreturn static int
work(uint32_t i)
{
	for (uint32_t n = 0;; n++)
		mmio_store(progress(i), n);
}

static uint32_t
number(const char *text)
{
	uint32_t n = 0;

	for (; *text >= '0' && *text <= '9' && n <= SLICES_MAX; text++)
		n = n * 10 + (uint32_t)(*text - '0');
	return *text == '\0' ? n : 0;
}

static int
share_page(uint32_t env, int32_t pfn)
{
	const struct sp_map m = {
		.env = env,
		.va = SHARED_VA,
		.pfn = (uint32_t)pfn,
		.count = 1,
		.flags = SP_MAP_WRITE,
	};

	return pfn < 0 ? pfn : sys_map(&m);
}

/* The slice that it had to start with is its parent's from now on. */
static int
take_slice(uint32_t env)
{
	for (uint32_t at = 0; at < SP_SLICES; at++)
		if (mmio_load(&app_info()->slice[at]) == env)
			return sys_slice_take(APP_CAP_SELF, 0, at);
	return SP_ENOENT;
}

static int
start(struct client *c, uint32_t i, int32_t pfn)
{
	static const char name[SP_NAME] = "stride-child";
	int err = spawn_create(&c->child, name);

	if (err > 0)
		err = share_page(c->child.env, pfn);
	if (err == SP_OK)
		err = spawn_start(&c->child, work, i, 1);
	if (err == SP_OK)
		err = take_slice(c->child.env);
	c->stride = STRIDE_ONE / c->tickets;
	c->pass = c->stride;
	c->began = mmio_load(progress(i));
	return err;
}

/* Passes only ever lie a stride apart: they may wrap. */
static struct client *
least_pass(uint32_t n)
{
	struct client *least = &client[0];

	for (uint32_t i = 1; i < n; i++)
		if ((int32_t)(client[i].pass - least->pass) < 0)
			least = &client[i];
	return least;
}

static int
schedule(uint32_t n, uint32_t slices)
{
	int err = sys_yield(0); /* begin with a whole one */

	for (uint32_t i = 0; i < slices && err == SP_OK; i++) {
		struct client *c = least_pass(n);

		c->pass += c->stride;
		c->slices++;
		err = sys_yield(c->child.env);
	}
	return err;
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t n = a0 - 2;
	uint32_t slices = a0 > 1 ? number(app_arg(a1, 1)) : 0;

	if (a0 < 3 || n > CHILDREN || slices == 0 || slices > SLICES_MAX) {
		print("usage: stride SLICES TICKETS...\n");
		return SP_EINVAL;
	}

	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY);
	int err = share_page(0, pfn);

	for (uint32_t i = 0; i < n && err == SP_OK; i++) {
		client[i].tickets = number(app_arg(a1, i + 2));
		if (client[i].tickets == 0 || client[i].tickets > 1000)
			err = SP_EINVAL;
		else
			err = start(&client[i], i, pfn);
	}
	if (err == SP_OK)
		err = schedule(n, slices);
	for (uint32_t i = 0; i < n; i++) {
		const struct client *c = &client[i];

		print("stride: tickets %u slices %u progress %u\n", c->tickets,
			c->slices, mmio_load(progress(i)) - c->began);
		spawn_drop(&client[i].child);
	}
	print("stride: done, %s\n", sp_err_text(err));
	return err;
}
