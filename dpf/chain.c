/*
 * chain.c - how long the chains of a table may get.
 *
 * The bound on what a frame takes counts on them.  A chain that keys of others
 * lengthen beyond what chance does makes the table look for another function;
 * what cannot be helped is admitted if the limit of the set allows it.
 */
#include "dpf/table.h"

enum {
	CHANCE = 8, /* entries of a chain that a fair function may make */
	SPARE = 2,
};

static uint32_t
longest(const struct dpf_set *s, const struct table *t)
{
	uint32_t bucket = 0, home = UINT32_MAX, n = 0, most = 0;
	ref_t r = dpf_table_first(s, t, &bucket);

	for (; r != 0; r = dpf_table_next(s, t, &bucket, r)) {
		n = bucket == home ? n + 1 : 1;
		home = bucket;
		most = n > most ? n : most;
	}
	return most;
}

static uint32_t
lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void
dpf_chain_limit(const struct dpf_set *s, struct table *t)
{
	uint32_t n = t->longest;

	if (n > CHANCE) /* an estimate */
		n = longest(s, t);
	t->limit = (uint16_t)lesser(n + SPARE, UINT16_MAX);
}

/* Chains of DEPTH entries and some more are admitted, or at least that. */
static int
raise(struct dpf_set *s, struct table *t, uint32_t depth)
{
	uint16_t before = t->limit;
	int err = SP_OK;

	if (depth > UINT16_MAX)
		return SP_EFULL;
	for (uint32_t spare = SPARE + depth / 4;; spare = 0) {
		t->limit = (uint16_t)lesser(depth + spare, UINT16_MAX);
		if (!t->live)
			return SP_OK; /* its code is to be made */
		err = s->dirty ? dpf_publish(s, true) : dpf_rebound(s);
		if (err != SP_EFULL || spare == 0)
			break;
	}
	if (err < 0)
		t->limit = before;
	return err;
}

int
dpf_chain_admit(struct dpf_set *s, struct table *t, ref_t leaf)
{
	uint32_t alike, depth = dpf_table_depth(s, t, leaf, &alike);

	if (depth <= t->limit)
		return SP_OK;
	if (depth - alike >= CHANCE) {
		int err = t->old.at != 0 ? dpf_publish(s, true) : SP_OK;

		if (err < 0)
			return err;
		dpf_table_resize(s, t);
		depth = dpf_table_depth(s, t, leaf, &alike);
	}
	return depth <= t->limit ? SP_OK : raise(s, t, depth);
}
