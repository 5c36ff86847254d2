/*
 * sets_target.c - live sets compiled for MIPS, to be counted.
 */
#include "tests/bench/sets.h"

#include "dpf/trie.h"

enum { POOL_BYTES = 16 << 20, RANK = 0x8000 };

static uint64_t pool[POOL_BYTES / 8];
static uint32_t root;
static struct dpf_set *set;

static int
open(void)
{
	struct dpf_site site = { .pool = pool,
		.bytes = sizeof(pool),
		.address = (uint32_t)(uintptr_t)pool,
		.seed = 7,
		.root = &root };

	return dpf_set_open(&site, DPF_SET_ONE, &set);
}

/* Broad filters rank below those that they contain. */
static int
meet(void *arg, uint32_t id, enum dpf_relation relation)
{
	uint32_t *rank = arg;

	(void)id;
	if (relation == DPF_CONTAINS)
		*rank = RANK - 1;
	return SP_OK;
}

static int
insert(const void *blob, uint32_t bytes, uint32_t id)
{
	uint32_t rank = RANK;
	struct dpf_filter f;
	int err = dpf_parse(blob, bytes, &f);

	if (err > 0)
		err = dpf_set_candidates(set, &f, meet, &rank);
	return err < 0 ? err : dpf_set_insert(set, &f, id, rank);
}

static int
drop(uint32_t id)
{
	return dpf_set_remove(set, id);
}

static uint32_t
address(void)
{
	return root;
}

static uint32_t
bytes(void)
{
	return set->used - set->scratch_bytes;
}

static uint32_t
bound(void)
{
	return dpf_set_bound(set);
}

/* The executable's entry. */
const void *const sets_table[SET_COUNT] = {
	[SET_OPEN] = (const void *)open,
	[SET_INSERT] = (const void *)insert,
	[SET_REMOVE] = (const void *)drop,
	[SET_ADDRESS] = (const void *)address,
	[SET_BYTES] = (const void *)bytes,
	[SET_BOUND] = (const void *)bound,
};
