/*
 * classifier.c - pools for merged sets, and how long a frame may take in them.
 *
 * A set makes its own code (dpf/live.c); here is where it lives, and what it may
 * cost those who wait while interrupts are off.
 */
#include "kernel/core/classifier.h"

#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

#include <stddef.h>

static void
sync(void *code, size_t bytes)
{
	icache_sync(code, bytes);
}

/* What a frame takes when the code takes CODE and there are N filters.  An id is
 * stored by two instructions, so no more than half of the longest way are ids. */
static uint32_t
in_all(const struct classifier *c, uint32_t code, uint32_t n)
{
	return code + c->cost * (n < code / 2 ? n : code / 2);
}

/* What the code may take so that N filters do not exceed the limit. */
static uint32_t
limit_of_code(const struct classifier *c, uint32_t n)
{
	uint32_t halves = c->limit / (2 + c->cost) * 2;
	uint32_t all = c->cost * n < c->limit ? c->limit - c->cost * n : 0;

	if (c->limit == 0)
		return 0;
	return all > halves ? all : halves;
}

static void
tell(struct classifier *c)
{
	uint32_t status = irq_off();

	c->bound = c->set == NULL
			   ? 0
			   : in_all(c, dpf_set_bound(c->set), c->filters);
	if (c->bytes != NULL)
		*c->bytes = c->set == NULL ? 0 : dpf_set_code_bytes(c->set);
	if (c->changed != NULL)
		c->changed();
	irq_restore(status);
}

int
classifier_open(struct classifier *c)
{
	int pfn;

	if (c->set != NULL)
		return SP_OK;
	c->pages = info.pages_total / c->share;
	pfn = page_alloc_kernel(c->pages, 0, 0);
	if (pfn < 0)
		return SP_ENOMEM;
	c->pfn = (uint32_t)pfn;

	const struct dpf_site site = {
		.pool = page_kva(c->pfn),
		.bytes = c->pages * SP_PAGE,
		.address = (uint32_t)page_kva(c->pfn),
		.seed = cp0_get_count() * 0x9e3779b1u,
		.limit = limit_of_code(c, 1),
		.root = &c->code,
		.sync = sync,
	};
	int err = dpf_set_open(&site, c->kind, &c->set);

	KASSERT(err == SP_OK); /* pages are enough for an empty one */
	tell(c);
	return SP_OK;
}

/* Its last filter has gone, or its first one was refused. */
static void
close_empty(struct classifier *c)
{
	uint32_t status;

	if (c->filters > 0 || c->stays)
		return;
	status = irq_off();
	c->set = NULL;
	c->code = 0;
	tell(c);
	irq_restore(status);
	page_free_kernel(c->pfn, c->pages);
}

/* May it have N filters? */
static int
admit(struct classifier *c, uint32_t n)
{
	if (c->limit == 0)
		return SP_OK;
	if (in_all(c, dpf_set_bound(c->set), n) > c->limit)
		return SP_EFULL;
	dpf_set_limit(c->set, limit_of_code(c, n));
	return SP_OK;
}

int
classifier_add(struct classifier *c, const struct dpf_filter *f, uint32_t id,
	uint32_t rank)
{
	int err = classifier_open(c);

	if (err < 0)
		return err;
	err = admit(c, c->filters + 1);
	if (err == SP_OK)
		err = dpf_set_insert(c->set, f, id, rank);
	if (err < 0) {
		close_empty(c);
		return err;
	}
	c->filters++;
	tell(c);
	return SP_OK;
}

int
classifier_replace(struct classifier *c, uint32_t old,
	const struct dpf_filter *f, uint32_t id, uint32_t rank)
{
	int err = admit(c, c->filters + 1); /* for a moment */

	if (err == SP_OK)
		err = dpf_set_replace(c->set, old, f, id, rank);
	if (err == SP_OK)
		tell(c);
	return err;
}

int
classifier_rename(struct classifier *c, uint32_t id, uint32_t to)
{
	int err = dpf_set_rename(c->set, id, to);

	KASSERT(err == SP_OK || err == SP_ENOMEM);
	tell(c);
	return err;
}

int
classifier_rank(struct classifier *c, uint32_t id, uint32_t rank)
{
	int err = dpf_set_rank(c->set, id, rank);

	KASSERT(err == SP_OK || err == SP_ENOMEM || err == SP_EFULL);
	tell(c);
	return err;
}

void
classifier_remove(struct classifier *c, uint32_t id)
{
	int err = dpf_set_remove(c->set, id);

	KASSERT(err == SP_OK);
	c->filters--;
	if (c->filters == 0 && !c->stays)
		close_empty(c);
	else
		tell(c);
}
