/*
 * live_cases.h - what a set must do that is always up to date, whoever runs it.
 */
#ifndef TESTS_UNIT_LIVE_CASES_H
#define TESTS_UNIT_LIVE_CASES_H

#include "tests/unit/live_cost.h"
#include "tests/unit/live_show.h"

/* --- changes by chance -------------------------------------------------------- */

static void
test_a_changing_set_is_what_its_filters_say(void)
{
	for (uint32_t i = 0; i < live_rounds; i++) {
		uint32_t ids = 1 + 3 * i % MODEL_IDS;

		open_model(i + 1, i % 3 == 2);
		for (unsigned k = 0; k < 150; k++) {
			CU_ASSERT_EQUAL_FATAL(
				model_step(&model, ids, false), SP_OK);
			model_check(&model, 4);
		}
	}
	CU_ASSERT(model.checks > 0);
}

/* Judged behind every single word that is written. */
static void
test_a_frame_meets_the_set_before_or_after_a_change(void)
{
	for (uint32_t i = 0; i < live_rounds / 3; i++) {
		open_model(i + 77, i % 3 == 2);
		for (unsigned k = 0; k < 120; k++)
			CU_ASSERT_EQUAL_FATAL(
				model_step(&model, MODEL_IDS, k % 4 == 0),
				SP_OK);
		model_check(&model, 50);
	}
}

static void
test_memory_that_runs_out_leaves_the_set_as_it_was(void)
{
	uint32_t refused = 0;

	for (uint32_t i = 0; i < live_rounds; i++) {
		size_t bytes = 6000 + 1500 * i % 60000;
		uint32_t empty;

		if (model_open(&model, i + 1, i % 2, bytes) < 0)
			continue;
		empty = model.set->used;
		for (unsigned k = 0; k < 100; k++) {
			int err = model_step(&model, MODEL_IDS, false);

			CU_ASSERT_FATAL(err == SP_OK || err == SP_ENOMEM);
			refused += err != SP_OK;
			model_check(&model, 3);
		}
		remove_all();
		CU_ASSERT_EQUAL(model.set->used, empty);
	}
	CU_ASSERT(refused > 10 * live_rounds);
}

/* --- filters of a kind --------------------------------------------------------- */

static void
test_a_hundred_thousand_changes_leak_nothing(void)
{
	struct dpf_set *s = new_set();
	uint32_t used = s->used, at_rest = 0;

	for (uint32_t i = 0; i < 100000; i++) {
		struct flow f = live_tuple(i % 5003);
		uint32_t id = 1 + i % 512;

		if (i >= 512)
			CU_ASSERT_EQUAL_FATAL(dpf_set_remove(s, id), SP_OK);
		add(s, &f, id, 0x8000);
		if (i == 2000)
			at_rest = s->used;
	}
	CU_ASSERT(s->used < at_rest + at_rest / 4);
	for (uint32_t id = 1; id <= 512; id++)
		CU_ASSERT_EQUAL(dpf_set_remove(s, id), SP_OK);
	CU_ASSERT_EQUAL(s->used, used);
}

/* It is data: an entry, its bucket, and nothing else. */
static void
test_a_filter_like_others_writes_a_few_words(void)
{
	struct dpf_set *s = new_set();
	uint32_t few = 0;

	add_many(s, 0, 100, live_tuple);
	for (uint32_t i = 100; i < 180; i++) {
		words_written = 0;
		add_many(s, i, i + 1, live_tuple);
		few += words_written <= 6;
	}
	CU_ASSERT(few >= 79);
	words_written = 0;
	CU_ASSERT_EQUAL(dpf_set_remove(s, 150), SP_OK);
	CU_ASSERT_EQUAL(words_written, 1);
}

static void
test_a_broad_filter_below_thousands_is_a_small_change(void)
{
	struct dpf_set *s = new_set();

	add_many(s, 0, 3000, live_tuple);
	draft_begin(&draft);
	draft_eq(&draft, 0, 12, 2, 0xffff, 0x0800);
	CU_ASSERT_FATAL(draft_accept(&draft) > 0);
	words_written = 0;
	CU_ASSERT_EQUAL(dpf_set_insert(s, &draft.filter, 9999, 1), SP_OK);
	CU_ASSERT(words_written < 100);
	check_all_found(3000, live_tuple, 9999);
	/* Above them it takes everything. */
	CU_ASSERT_EQUAL(dpf_set_rank(s, 9999, 0x9000), SP_OK);
	for (uint32_t i = 0; i < 3000; i += 100) {
		struct flow f = live_tuple(i);

		CU_ASSERT_EQUAL(winner(&f), 9999);
	}
	words_written = 0;
	CU_ASSERT_EQUAL(dpf_set_remove(s, 9999), SP_OK);
	CU_ASSERT(words_written < 100);
	check_all_found(3000, live_tuple, 0);
}

/* All of an IP protocol. */
static void
add_broad(struct dpf_set *s, uint8_t proto, uint32_t id, uint32_t rank)
{
	struct flow f = { .proto = proto };

	add(s, &f, id, rank);
}

static void
test_a_table_among_others_knows_who_is_best(void)
{
	struct dpf_set *s = new_set();
	struct flow f = live_tuple(3), port = { .proto = 6, .has_dport = true };

	/* Tuples above ports above all of TCP: each table skips the rest. */
	add_broad(s, 6, 1000, 40);
	for (uint32_t i = 0; i < 20; i++) {
		port.dport = (uint16_t)(80 + i);
		add(s, &port, 500 + i, 60);
		f = live_tuple(i);
		add(s, &f, 1 + i, 80);
	}
	for (uint32_t i = 0; i < 20; i++) {
		f = live_tuple(i);
		CU_ASSERT_EQUAL(winner(&f), 1 + i);
	}
	/* One that is better than those who skip it, */
	f = live_tuple(4);
	CU_ASSERT_EQUAL(dpf_set_rank(s, 500, 90), SP_OK);
	CU_ASSERT_EQUAL(winner(&f), 500);
	CU_ASSERT_EQUAL(dpf_set_rank(s, 500, 60), SP_OK);
	CU_ASSERT_EQUAL(winner(&f), 5);
	/* and one that is worse than what the others skip. */
	f = live_tuple(30);
	add(s, &f, 31, 50);
	CU_ASSERT_EQUAL(winner(&f), 500);
	f.dport = 200;
	add(s, &f, 32, 30);
	CU_ASSERT_EQUAL(winner(&f), 1000);
	f = live_tuple(4);
	CU_ASSERT_EQUAL(dpf_set_rank(s, 500, 10), SP_OK);
	CU_ASSERT_EQUAL(winner(&f), 5);
	CU_ASSERT_EQUAL(dpf_set_remove(s, 5), SP_OK);
	CU_ASSERT_EQUAL(winner(&f), 1000);
	CU_ASSERT_EQUAL(dpf_set_remove(s, 1000), SP_OK);
	CU_ASSERT_EQUAL(winner(&f), 500);
}

/* Keys that no filter has, those of dummies included. */
static void
test_a_bucket_without_entries_has_no_key(void)
{
	struct dpf_set *s = new_set();
	struct flow f = { .proto = 17, .has_dport = true };

	add_broad(s, 17, 1000, 1);
	for (uint32_t i = 0; i < 36; i++) {
		f.dport = (uint16_t)(i < 20 ? i : 1u << (i - 20));
		add(s, &f, 1 + i, i + 2);
	}
	CU_ASSERT_EQUAL(dpf_set_remove(s, 1), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_remove(s, 29), SP_OK);
	for (uint32_t i = 0; i < 0x10000; i++) {
		bool bound = (i > 0 && i < 20) ||
			     ((i & (i - 1)) == 0 && i > 20 && i != 256);

		f.dport = (uint16_t)i;
		CU_ASSERT_EQUAL_FATAL(winner(&f) == 1000, !bound);
	}
}

static void
test_a_replacement_that_fails_leaves_what_was_there(void)
{
	struct dpf_set *s = new_set();
	struct flow a = live_port(1), b = live_port(2);

	add(s, &a, 1, 5);
	CU_ASSERT_FATAL(flow_filter(&draft, &b) > 0);
	CU_ASSERT_EQUAL(dpf_set_replace(s, 2, &draft.filter, 3, 5), SP_ENOENT);
	CU_ASSERT_EQUAL(dpf_set_replace(s, 1, &draft.filter, 1, 5), SP_EEXIST);
	CU_ASSERT_EQUAL(dpf_set_replace(s, 1, &draft.filter, 0, 5), SP_EINVAL);
	CU_ASSERT_EQUAL(
		dpf_set_replace(s, 1, &draft.filter, 2, DPF_MAX_RANK + 1),
		SP_EINVAL);
	CU_ASSERT_EQUAL(winner(&a), 1);
	CU_ASSERT_EQUAL(winner(&b), 0);
	CU_ASSERT_EQUAL(dpf_set_replace(s, 1, &draft.filter, 2, 5), SP_OK);
	CU_ASSERT_EQUAL(winner(&a), 0);
	CU_ASSERT_EQUAL(winner(&b), 2);
}

/* --- who may meet --------------------------------------------------------------- */

static void
test_candidates_are_all_that_share_a_frame(void)
{
	static struct model_item other;
	struct model_near n;

	for (uint32_t i = 0; i < live_rounds; i++) {
		open_model(i + 33, i % 3 == 0);
		for (unsigned k = 0; k < 100; k++) {
			uint32_t id = 1 + rng_below(&model.r, MODEL_IDS);

			CU_ASSERT_EQUAL_FATAL(
				model_step(&model, MODEL_IDS, false), SP_OK);
			model_new_filter(&model, &other);
			model_check_near(&model, &other.filter, 20, &n);
			if (!model.item[id].in)
				continue;
			model_check_near(
				&model, &model.item[id].filter, 20, &n);
		}
	}
	free(other.blob);
	other.blob = NULL;
}

/* How many candidates, and how many of each relation, flow F has in S. */
static uint32_t near_count[DPF_UNDECIDED + 1];

static int
count_near(void *arg, uint32_t id, enum dpf_relation r)
{
	(void)arg;
	(void)id;
	near_count[r]++;
	return SP_OK;
}

static uint32_t
count_candidates(struct dpf_set *s, const struct flow *f)
{
	uint32_t sum = 0;

	memset(near_count, 0, sizeof(near_count));
	CU_ASSERT_FATAL(flow_filter(&draft, f) > 0);
	CU_ASSERT_EQUAL(
		dpf_set_candidates(s, &draft.filter, count_near, NULL), SP_OK);
	for (size_t i = 0; i < ARRAY_LEN(near_count); i++)
		sum += near_count[i];
	return sum;
}

static void
test_candidates_among_thousands_are_few_and_known(void)
{
	struct dpf_set *s = new_set();
	struct flow all = { .proto = 6 },
		    port = { .proto = 6, .has_dport = true, .dport = 80 };
	struct flow f = live_tuple(5000);

	add_many(s, 0, 3000, live_tuple);
	CU_ASSERT_EQUAL(count_candidates(s, &f), 0);
	add(s, &all, 9999, 1);
	add(s, &port, 9998, 2);
	/* Twice: the second time it is known where to look. */
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(count_candidates(s, &f), 2);
		CU_ASSERT_EQUAL(near_count[DPF_INSIDE], 2);
	}
	f = live_tuple(7);
	CU_ASSERT_EQUAL(count_candidates(s, &f), 3);
	CU_ASSERT_EQUAL(near_count[DPF_EQUAL], 1);
	CU_ASSERT_EQUAL(count_candidates(s, &all), 3002);
	CU_ASSERT_EQUAL(near_count[DPF_EQUAL], 1);
	CU_ASSERT_EQUAL(near_count[DPF_CONTAINS], 3001);
	CU_ASSERT_EQUAL(count_candidates(s, &port), 3002);
	CU_ASSERT_EQUAL(near_count[DPF_CONTAINS], 3000);
	all.proto = 17;
	CU_ASSERT_EQUAL(count_candidates(s, &all), 0);
}

static int
stop_at_once(void *arg, uint32_t id, enum dpf_relation r)
{
	(void)id;
	(void)r;
	++*(uint32_t *)arg;
	return SP_EOVERLAP;
}

static void
test_a_search_ends_when_it_is_told(void)
{
	struct dpf_set *s = new_set();
	uint32_t calls = 0;

	add_many(s, 0, 20, live_tuple);
	draft_begin(&draft);
	CU_ASSERT_FATAL(draft_accept(&draft) > 0);
	CU_ASSERT_EQUAL(
		dpf_set_candidates(s, &draft.filter, stop_at_once, &calls),
		SP_EOVERLAP);
	CU_ASSERT_EQUAL(calls, 1);
}

/* Returns the exit status. */
static inline int
run_cases(const char *suite, uint32_t rounds)
{
	CU_pSuite s;
	unsigned failures;

	live_rounds = rounds;
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite(suite, NULL, NULL);
	CU_ADD_TEST(s, test_a_changing_set_is_what_its_filters_say);
	CU_ADD_TEST(s, test_a_frame_meets_the_set_before_or_after_a_change);
	CU_ADD_TEST(s, test_memory_that_runs_out_leaves_the_set_as_it_was);
	CU_ADD_TEST(s, test_no_frame_takes_longer_than_the_bound);
	CU_ADD_TEST(s, test_a_hundred_thousand_changes_leak_nothing);
	CU_ADD_TEST(s, test_a_filter_like_others_writes_a_few_words);
	CU_ADD_TEST(s, test_a_broad_filter_below_thousands_is_a_small_change);
	CU_ADD_TEST(s, test_a_table_among_others_knows_who_is_best);
	CU_ADD_TEST(s, test_a_bucket_without_entries_has_no_key);
	CU_ADD_TEST(s, test_a_replacement_that_fails_leaves_what_was_there);
	CU_ADD_TEST(s, test_candidates_are_all_that_share_a_frame);
	CU_ADD_TEST(s, test_candidates_among_thousands_are_few_and_known);
	CU_ADD_TEST(s, test_what_is_shown_is_what_is_done);
	CU_ADD_TEST(s, test_each_word_serves_its_test);
	CU_ADD_TEST(s, test_a_search_ends_when_it_is_told);
	if (run_counts()) {
		CU_ADD_TEST(s, test_ten_thousand_filters_take_few_instructions);
		CU_ADD_TEST(
			s, test_ranges_that_exclude_each_other_are_searched);
		CU_ADD_TEST(s, test_chosen_keys_keep_within_the_bound);
		CU_ADD_TEST(s, test_nobody_makes_the_buckets_of_others_long);
	}
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	model_close(&model);
	return failures != 0;
}

#endif /* TESTS_UNIT_LIVE_CASES_H */
