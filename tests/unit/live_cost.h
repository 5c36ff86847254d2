/*
 * live_cost.h - how long a live set may take, and does.
 */
#ifndef TESTS_UNIT_LIVE_COST_H
#define TESTS_UNIT_LIVE_COST_H

#include "tests/unit/live_sets.h"

/* What would take too long is refused, and then nothing has happened. */
static void
test_no_frame_takes_longer_than_the_bound(void)
{
	uint32_t refused = 0, near = 0;

	for (uint32_t i = 0; i < live_rounds; i++) {
		model.limit = 60 + 37 * i % 300;
		model.most = 0;
		open_model(i + 5, i % 3 == 2);
		for (unsigned k = 0; k < 150; k++) {
			uint32_t bound = dpf_set_bound(model.set);
			int err = model_step(&model, MODEL_IDS, k % 8 == 0);

			CU_ASSERT_FATAL(err == SP_OK || err == SP_EFULL);
			refused += err == SP_EFULL;
			CU_ASSERT(err != SP_OK || bound > model.limit ||
				  dpf_set_bound(model.set) < model.limit + 60);
			model_check(&model, 10);
		}
		near += 2 * model.most > model.limit;
	}
	model.limit = 0;
	CU_ASSERT(refused > live_rounds);
	CU_ASSERT(!run_counts() || near > live_rounds / 2);
}

struct live_cost {
	uint32_t sum, worst;
};

static void
note_cost(struct live_cost *c)
{
	c->sum += run_insns();
	if (run_insns() > c->worst)
		c->worst = run_insns();
}

/* Hits and misses of N filters take at most LIMIT. */
static void
check_cost(uint32_t n, live_flow *flow, uint32_t limit)
{
	struct live_cost hit = { 0, 0 }, miss = { 0, 0 };
	struct dpf_set *s = new_set();

	add_many(s, 0, n, flow);
	for (uint32_t i = 0; i < n; i++) {
		struct flow f = flow(i);

		CU_ASSERT_EQUAL_FATAL(winner(&f), i + 1);
		note_cost(&hit);
		f.dport = (uint16_t)(f.dport + 10000 + 7 * i);
		f.sport ^= 0x5a;
		(void)winner(&f);
		note_cost(&miss);
	}
	CU_ASSERT(hit.worst <= limit);
	CU_ASSERT(hit.worst * n <= 2 * hit.sum);
	CU_ASSERT(miss.worst <= limit + 12);
	CU_ASSERT(miss.sum <= limit * n);
}

static void
test_ten_thousand_filters_take_few_instructions(void)
{
	static const struct {
		live_flow *flow;
		uint32_t n, limit;
	} rows[] = {
		{ live_port, 1, 27 },
		{ live_port, 10, 36 },
		{ live_port, 100, 36 },
		{ live_port, 1000, 36 },
		{ live_port, 10000, 36 },
		{ live_tuple, 10, 38 },
		{ live_tuple, 100, 38 },
		{ live_tuple, 1000, 42 },
		{ live_tuple, 10000, 45 },
		{ live_client, 10, 38 },
		{ live_client, 1000, 42 },
		{ live_client, 10000, 45 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_cost(rows[i].n, rows[i].flow, rows[i].limit);
}

/* Addresses and ports that only differ in bits which multiplications move out
 * of sight: whoever chooses them must not make others' frames dear. */
static struct flow
live_nasty(uint32_t i)
{
	struct flow f = live_client(0);

	f.src = 0x0a000000 | (i >> 6 & 0x3f) | (i >> 12) << 8;
	f.dst = 0x0a000000 | (i & 0x3f);
	f.sport = (uint16_t)(i << 8);
	return f;
}

static void
test_nobody_makes_the_buckets_of_others_long(void)
{
	check_cost(4000, live_nasty, 90);
}

/* UDP ports FIRST to LAST. */
static void
add_range(struct dpf_set *s, uint32_t first, uint32_t last, uint32_t id,
	uint32_t rank)
{
	struct dpf_node n = { .op = DPF_GT,
		.width = 2,
		.off = 16,
		.mask = 0xffff,
		.value = first - 1,
		.yes = 3,
		.no = DPF_REJECT };

	draft_begin(&draft);
	n.base = draft_base(&draft, 0, 14, 1, 0xf, 2);
	draft_eq(&draft, 0, 12, 2, 0xffff, 0x0800);
	draft_eq(&draft, 0, 23, 1, 0xff, 17);
	draft_node(&draft, n);
	n.value = last;
	n.yes = DPF_REJECT;
	n.no = DPF_ACCEPT;
	draft_node(&draft, n);
	CU_ASSERT_FATAL(draft_end(&draft) > 0);
	CU_ASSERT_EQUAL_FATAL(
		dpf_set_insert(s, &draft.filter, id, rank), SP_OK);
}

/* Hundreds side by side, some within others: ten pairs of ports of each. */
static void
test_ranges_that_exclude_each_other_are_searched(void)
{
	struct dpf_set *s = new_set();
	struct flow f = { .proto = 17 };

	for (uint32_t i = 0; i < 300; i++)
		add_range(s, 1000 + 20 * i, 1000 + 20 * i + (i % 3 ? 9 : 19),
			i + 1, 300 - i % 5);
	add_range(s, 1500, 2500, 400, 100);
	add_range(s, 2000, 65535, 401, 90);
	for (uint32_t at = 0; at < 0x10000; at += at < 8000 ? 1 : 97) {
		uint32_t i = (at - 1000) / 20, in = (at - 1000) % 20, want = 0;

		if (at >= 2000)
			want = 401;
		if (at >= 1500 && at <= 2500)
			want = 400;
		if (at >= 1000 && i < 300 && (i % 3 == 0 || in < 10))
			want = i + 1;
		f.dport = (uint16_t)at;
		CU_ASSERT_EQUAL_FATAL(winner(&f), want);
		CU_ASSERT_FATAL(run_insns() <= 82);
	}
	CU_ASSERT(dpf_set_bound(s) <= 100);
}

/* Ports that share a bucket, as far as anybody can foresee. */
static void
test_chosen_keys_keep_within_the_bound(void)
{
	struct dpf_set *s = new_set();
	struct flow f = live_port(0);
	uint32_t n = 0, worst = 0, bound = 0;

	for (uint32_t bits = 6; bits < 14; bits++) {
		for (uint32_t i = 0; i < 1u << (16 - bits) && n < 900; i++) {
			f.dport = (uint16_t)(i << bits | bits);
			add(s, &f, ++n, 0x8000);
			CU_ASSERT_EQUAL_FATAL(winner(&f), n);
			CU_ASSERT_FATAL(run_insns() <= dpf_set_bound(s));
			worst = run_insns() > worst ? run_insns() : worst;
			if (dpf_set_bound(s) > bound)
				bound = dpf_set_bound(s);
		}
	}
	CU_ASSERT(bound < 140);
	CU_ASSERT(2 * worst > bound);
}

#endif /* TESTS_UNIT_LIVE_COST_H */
