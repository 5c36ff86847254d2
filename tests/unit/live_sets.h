/*
 * live_sets.h - sets that tests of live sets fill, with filters of a kind.
 *
 * Next: live_cases.h, live_cost.h.
 */
#ifndef TESTS_UNIT_LIVE_SETS_H
#define TESTS_UNIT_LIVE_SETS_H

#include "tests/unit/live_model.h"

#include "dpf/trie.h"

#include <CUnit/Basic.h>

static struct model model;
static struct draft draft;
static uint32_t live_rounds; /* how much a test tries */

static void
open_model(uint32_t seed, bool all)
{
	CU_ASSERT_EQUAL_FATAL(
		model_open(&model, seed, all, RUN_POOL_BYTES), SP_OK);
}

static void
remove_all(void)
{
	for (uint32_t id = 1; id <= MODEL_IDS; id++)
		if (model.item[id].in)
			model_remove(&model, id, false);
}

/* --- filters of a kind --------------------------------------------------------- */

static struct flow
live_port(uint32_t i)
{
	return (struct flow){ .proto = 17,
		.ip6 = true,
		.has_dport = true,
		.dport = (uint16_t)(5000 + i) };
}

static struct flow
live_tuple(uint32_t i)
{
	return (struct flow){ .proto = 6,
		.has_src = true,
		.has_dst = true,
		.has_sport = true,
		.has_dport = true,
		.src = 0x0a000001 + 0x101 * (i % 250),
		.dst = 0x0a630001 + (i << 20),
		.sport = (uint16_t)(1024 + 37 * i),
		.dport = 80 };
}

/* Clients of one server. */
static struct flow
live_client(uint32_t i)
{
	return (struct flow){ .proto = 6,
		.has_src = true,
		.has_dst = true,
		.has_sport = true,
		.has_dport = true,
		.src = 0x0a070102 + i / 4,
		.dst = 0x0a070001,
		.sport = (uint16_t)(49152 + 97 * i),
		.dport = 80 };
}

typedef struct flow live_flow(uint32_t i);

static uint32_t words_written;

static void
count_word(void *arg)
{
	(void)arg;
	words_written++;
}

static struct dpf_set *
new_set(void)
{
	static uint32_t root;
	struct dpf_site site = { .bytes = RUN_POOL_BYTES,
		.seed = 7,
		.root = &root,
		.sync = run_sync,
		.wrote = count_word };
	struct dpf_set *s = NULL;

	site.pool = run_pool(&site.address, &root);
	CU_ASSERT_EQUAL_FATAL(dpf_set_open(&site, DPF_SET_ONE, &s), SP_OK);
	return s;
}

static void
add(struct dpf_set *s, const struct flow *f, uint32_t id, uint32_t rank)
{
	CU_ASSERT_FATAL(flow_filter(&draft, f) > 0);
	CU_ASSERT_EQUAL_FATAL(
		dpf_set_insert(s, &draft.filter, id, rank), SP_OK);
}

/* Filters FROM to TO - 1 of a kind, under their number plus one. */
static void
add_many(struct dpf_set *s, uint32_t from, uint32_t to, live_flow *flow)
{
	for (uint32_t i = from; i < to; i++) {
		struct flow f = flow(i);

		add(s, &f, i + 1, 0x8000);
	}
}

static uint32_t
winner(const struct flow *f)
{
	uint8_t frame[128];
	size_t len = flow_frame(f, 5, frame);

	return run_call(frame, (uint32_t)len, (uint32_t)len, NULL);
}

static void
check_all_found(uint32_t n, live_flow *flow, uint32_t miss)
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow f = flow(i);

		CU_ASSERT_EQUAL_FATAL(winner(&f), i + 1);
		f.dport = (uint16_t)(f.dport + 16000);
		CU_ASSERT_EQUAL_FATAL(winner(&f), miss);
	}
}

#endif /* TESTS_UNIT_LIVE_SETS_H */
