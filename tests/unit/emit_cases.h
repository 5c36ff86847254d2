/*
 * emit_cases.h - what generated code must do, whoever runs it.
 *
 * Code is compared with dpf_interp() for each filter of the set by itself.
 */
#ifndef TESTS_EMIT_CASES_H
#define TESTS_EMIT_CASES_H

#include "tests/unit/dpf_random.h"
#include "tests/unit/run.h"

#include "dpf/trie.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ARENA_BYTES = 4 << 20,
	CODE_WORDS = 1 << 18,
	MAX_FILTERS = 64,
	MAX_FRAME = 1518,
	MAX_WORDS_FOR_BRANCH = 1 << 15,
};

static uint32_t random_rounds; /* how many sets a test makes */
static uint32_t code[CODE_WORDS];
static uint16_t longest[CODE_WORDS];
static uint64_t arena[ARENA_BYTES / 8];
static struct draft drafts[MAX_FILTERS];

/* A set and what it was made of: filter i has id i + 1 and rank[i]. */
static struct {
	struct dpf_set *set;
	uint32_t n, words, bound;
	uint32_t rank[MAX_FILTERS];
	bool all;
} under_test;

static void
begin(bool all)
{
	int err = dpf_set_init(arena, sizeof(arena),
		all ? DPF_SET_ALL : DPF_SET_ONE, &under_test.set);

	CU_ASSERT_EQUAL_FATAL(err, SP_OK);
	under_test.n = 0;
	under_test.all = all;
}

/* Insert the draft that was made last. */
static void
insert(uint32_t rank)
{
	uint32_t i = under_test.n++;
	int err =
		dpf_set_insert(under_test.set, &drafts[i].filter, i + 1, rank);

	CU_ASSERT_EQUAL_FATAL(err, SP_OK);
	under_test.rank[i] = rank;
}

static void
emit(void)
{
	int n = dpf_set_emit(under_test.set, code, CODE_WORDS, run_address());

	CU_ASSERT_FATAL(n > 0);
	under_test.words = (uint32_t)n;
	under_test.bound =
		dpf_code_bound(code, under_test.words, run_address(), longest);
	CU_ASSERT_FATAL(under_test.bound < UINT16_MAX);
	run_load(code, under_test.words);
}

static void
complain(const char *what, const uint8_t *frame, size_t len)
{
	printf("\n    %s:", what);
	for (size_t i = 0; i < len && i < 80; i++)
		printf(" %02x", frame[i]);
	printf(" (%zu bytes, %u filters)\n", len, under_test.n);
	CU_FAIL_FATAL("generated code differs from dpf_interp()");
}

static uint32_t
expect_one(const uint8_t *frame, size_t len, size_t wirelen)
{
	uint32_t best = 0;

	for (uint32_t i = 0; i < under_test.n; i++)
		if ((best == 0 ||
			    under_test.rank[i] > under_test.rank[best - 1]) &&
			dpf_interp(&drafts[i].filter, frame, len, wirelen))
			best = i + 1;
	return best;
}

static void
check_one(const uint8_t *frame, size_t len, size_t wirelen)
{
	static uint16_t ids[RUN_MAX_IDS];
	uint32_t got = run_call(frame, (uint32_t)len, (uint32_t)wirelen, ids);

	if (got != expect_one(frame, len, wirelen))
		complain("ONE", frame, len);
	if (run_insns() > under_test.bound)
		complain("ONE: longer than its bound", frame, len);
}

static void
check_all(const uint8_t *frame, size_t len, size_t wirelen)
{
	bool seen[MAX_FILTERS] = { false };
	static uint16_t ids[RUN_MAX_IDS];
	uint32_t got = run_call(frame, (uint32_t)len, (uint32_t)wirelen, ids);

	if (got > under_test.n)
		complain("ALL: too many ids", frame, len);
	if (run_insns() > under_test.bound)
		complain("ALL: longer than its bound", frame, len);
	for (uint32_t i = 0; i < got; i++) {
		if (ids[i] == 0 || ids[i] > under_test.n || seen[ids[i] - 1])
			complain("ALL: bad id", frame, len);
		seen[ids[i] - 1] = true;
	}
	for (uint32_t i = 0; i < under_test.n; i++)
		if (seen[i] !=
			dpf_interp(&drafts[i].filter, frame, len, wirelen))
			complain("ALL", frame, len);
}

static void
check(const uint8_t *frame, size_t len, size_t wirelen)
{
	if (under_test.all)
		check_all(frame, len, wirelen);
	else
		check_one(frame, len, wirelen);
}

/* --- chance --------------------------------------------------------------- */

/* Filters that may accept the same frame must differ in rank. */
static uint32_t
random_rank(struct rng *r)
{
	return rng_below(r, 1000) * MAX_FILTERS + under_test.n;
}

static void
random_set(struct rng *r, uint32_t n, bool all)
{
	begin(all);
	for (uint32_t i = 0; i < n; i++) {
		CU_ASSERT_FATAL(random_filter(&drafts[i], r) > 0);
		insert(random_rank(r));
	}
	emit();
}

static void
random_sets(uint32_t seed, uint32_t sets, uint32_t frames, bool all)
{
	struct rng r = { seed };
	static uint8_t frame[80];

	for (uint32_t i = 0; i < sets; i++) {
		uint32_t n = 1 + rng_below(&r, rng_below(&r, 4) ? 6 : 64);

		random_set(&r, n, all);
		for (uint32_t k = 0; k < frames; k++) {
			size_t len = rng_below(&r, sizeof(frame) + 1);

			random_frame(&r, frame, len);
			check(frame, len, len + rng_below(&r, 20));
		}
	}
}

static void
test_one_finds_the_best_filter_that_accepts(void)
{
	random_sets(1, random_rounds, 100, false);
}

static void
test_all_finds_every_filter_that_accepts(void)
{
	random_sets(2, random_rounds, 100, true);
}

/* Frames of each length, for sets of each kind. */
static void
test_every_length_is_decided_without_a_stray_load(void)
{
	static uint8_t frame[MAX_FRAME];
	struct rng r = { 3 };

	for (uint32_t i = 0; i < random_rounds / 50; i++) {
		random_set(&r, 1 + rng_below(&r, 20), i % 2);
		random_frame(&r, frame, sizeof(frame));
		for (size_t len = 0; len <= sizeof(frame); len++)
			check(frame, len, sizeof(frame));
	}
}

/* Filters of far more paths than can be written out, among others. */
static void
test_tails_are_shared_by_many_paths(void)
{
	static uint8_t frame[80];
	struct rng r = { 9 };
	uint32_t tails = 0;

	for (uint32_t i = 0; i < random_rounds / 2; i++) {
		uint32_t n = 1 + rng_below(&r, 6);

		begin(i % 2);
		for (uint32_t k = 0; k < n; k++) {
			CU_ASSERT_FATAL(
				(rng_below(&r, 3) ? random_braid(&drafts[k], &r)
						  : random_filter(&drafts[k],
							    &r)) > 0);
			insert(random_rank(&r));
		}
		tails += under_test.set->tails != 0;
		emit();
		for (uint32_t k = 0; k < 100; k++) {
			size_t len = rng_below(&r, sizeof(frame) + 1);

			if (k % 2)
				len = 40 + len / 2;
			random_frame(&r, frame, len);
			check(frame, len, len + rng_below(&r, 20));
		}
	}
	CU_ASSERT(tails > random_rounds / 8);
}

/* --- filters people write --------------------------------------------------- */

static struct flow
random_flow(struct rng *r)
{
	return (struct flow){
		.proto = rng_below(r, 2) ? 17 : 6,
		.ip6 = rng_below(r, 2),
		.has_src = rng_below(r, 3) == 0,
		.has_dst = rng_below(r, 3) == 0,
		.has_sport = rng_below(r, 3) == 0,
		.has_dport = rng_below(r, 4) != 0,
		.src = 0x0a000001 + rng_below(r, 6),
		.dst = 0x0a000001 + (rng_below(r, 6) << 16),
		.sport = (uint16_t)(rng_below(r, 4) * 0x4001),
		.dport = (uint16_t)(rng_below(r, 30) * 0x0811),
	};
}

/* Fragments, options, other versions, random bytes here and there. */
static void
spoil(struct rng *r, uint8_t frame[128])
{
	if (rng_below(r, 4) == 0)
		frame[20 + rng_below(r, 2)] ^= (uint8_t)(1 << rng_below(r, 8));
	if (rng_below(r, 4) == 0)
		frame[rng_below(r, 64)] ^= (uint8_t)(1 << rng_below(r, 8));
}

static void
flow_set(struct rng *r, uint32_t n, bool all)
{
	begin(all);
	for (uint32_t i = 0; i < n; i++) {
		struct flow f = random_flow(r);

		CU_ASSERT_FATAL(flow_filter(&drafts[i], &f) > 0);
		insert(random_rank(r));
	}
	emit();
}

static void
test_flows_are_told_apart(void)
{
	struct rng r = { 4 };
	uint8_t frame[128];

	for (uint32_t i = 0; i < random_rounds; i++) {
		flow_set(&r, 1 + rng_below(&r, MAX_FILTERS), i % 2);
		for (uint32_t k = 0; k < 100; k++) {
			struct flow f = random_flow(&r);
			unsigned ihl = rng_below(&r, 3) ? 5 : rng_below(&r, 16);
			size_t len = rng_below(&r, 3)
					     ? flow_frame(&f, ihl, frame)
					     : flow_frame6(&f, frame);

			spoil(&r, frame);
			if (rng_below(&r, 4) == 0)
				len = rng_below(&r, (uint32_t)len + 1);
			check(frame, len, len);
		}
	}
}

/* The same filters in another order make the same code. */
static void
test_order_of_insertion_does_not_matter(void)
{
	static uint32_t other[CODE_WORDS];
	struct rng r = { 5 };

	for (unsigned round = 0; round < 20; round++) {
		uint32_t n = 2 + rng_below(&r, 20);
		int words;

		flow_set(&r, n, false);
		CU_ASSERT_FATAL(dpf_set_init(arena, sizeof(arena), DPF_SET_ONE,
					&under_test.set) == SP_OK);
		for (uint32_t i = n; i-- > 0;)
			CU_ASSERT(dpf_set_insert(under_test.set,
					  &drafts[i].filter, i + 1,
					  under_test.rank[i]) == SP_OK);
		words = dpf_set_emit(
			under_test.set, other, CODE_WORDS, run_address());
		CU_ASSERT_EQUAL_FATAL(words, (int)under_test.words);
		CU_ASSERT_EQUAL(memcmp(code, other, 4 * (size_t)words), 0);
	}
}

/* --- many filters ----------------------------------------------------------- */

static struct flow
port_flow(uint32_t i)
{
	return (struct flow){ .proto = 17,
		.ip6 = true,
		.has_dport = true,
		.dport = (uint16_t)(5000 + 7 * i) };
}

static struct flow
tuple_flow(uint32_t i)
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

/* N filters of one kind, ids and ranks from 1 on; returns the words. */
static uint32_t
many(uint32_t n, struct flow (*flow)(uint32_t))
{
	begin(false);
	for (uint32_t i = 0; i < n; i++) {
		struct flow f = flow(i);

		CU_ASSERT_FATAL(flow_filter(&drafts[0], &f) > 0);
		CU_ASSERT_FATAL(
			dpf_set_insert(under_test.set, &drafts[0].filter, i + 1,
				i + 1) == SP_OK);
	}
	emit();
	return under_test.words;
}

static uint32_t
call_flow(const struct flow *f, unsigned ihl)
{
	uint8_t frame[128];
	size_t len = flow_frame(f, ihl, frame);

	return run_call(frame, (uint32_t)len, (uint32_t)len, NULL);
}

static void
check_many(uint32_t n, struct flow (*flow)(uint32_t))
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow f = flow(i);

		CU_ASSERT_EQUAL_FATAL(call_flow(&f, 5 + i % 11), i + 1);
		f.dport++;
		CU_ASSERT_EQUAL_FATAL(call_flow(&f, 5), 0);
	}
}

static void
test_thousands_of_ports_and_tuples(void)
{
	CU_ASSERT(many(1000, port_flow) < MAX_WORDS_FOR_BRANCH);
	check_many(1000, port_flow);
	CU_ASSERT(many(1000, tuple_flow) < MAX_WORDS_FOR_BRANCH);
	check_many(1000, tuple_flow);
}

static void
test_code_beyond_the_reach_of_branches(void)
{
	CU_ASSERT(many(3000, port_flow) > MAX_WORDS_FOR_BRANCH);
	check_many(3000, port_flow);
	CU_ASSERT(many(3000, tuple_flow) > MAX_WORDS_FOR_BRANCH);
	check_many(3000, tuple_flow);
}

/* --- instructions ----------------------------------------------------------- */

struct cost {
	uint32_t sum, worst;
};

static struct cost
cost_of_keys(uint32_t n, struct flow (*flow)(uint32_t))
{
	struct cost c = { 0, 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct flow f = flow(i);

		CU_ASSERT_EQUAL_FATAL(call_flow(&f, 5), i + 1);
		c.sum += run_insns();
		if (run_insns() > c.worst)
			c.worst = run_insns();
	}
	return c;
}

static uint32_t worst_miss(struct flow (*flow)(uint32_t))
{
	uint32_t worst = 0;

	for (uint32_t port = 0; port < 0x10000; port += 11) {
		struct flow f = flow(0);

		f.dport = (uint16_t)port;
		call_flow(&f, 5);
		if (run_insns() > worst)
			worst = run_insns();
	}
	return worst;
}

static void
test_ports_take_few_instructions(void)
{
	static const struct {
		uint32_t n, limit;
	} rows[] = { { 1, 28 }, { 2, 30 }, { 10, 35 }, { 100, 36 },
		{ 1000, 42 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t n = rows[i].n;
		struct cost c;

		many(n, port_flow);
		c = cost_of_keys(n, port_flow);
		CU_ASSERT(c.worst <= rows[i].limit);
		CU_ASSERT(c.worst * n <= 2 * c.sum);
		CU_ASSERT(c.worst <= under_test.bound);
		/* A frame that is followed into every bucket does not exist. */
		CU_ASSERT(under_test.bound <= c.worst + c.worst / 4);
		CU_ASSERT(worst_miss(port_flow) <= rows[i].limit);
	}
}

static void
test_tcpip_tuples_take_few_instructions(void)
{
	many(10, tuple_flow);
	CU_ASSERT(cost_of_keys(10, tuple_flow).worst <= 45);
	CU_ASSERT(worst_miss(tuple_flow) <= 45);
}

/* Returns the exit status. */
static inline int
run_cases(const char *suite, uint32_t rounds)
{
	CU_pSuite s;
	unsigned failures;

	random_rounds = rounds;
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite(suite, NULL, NULL);
	CU_ADD_TEST(s, test_one_finds_the_best_filter_that_accepts);
	CU_ADD_TEST(s, test_all_finds_every_filter_that_accepts);
	CU_ADD_TEST(s, test_every_length_is_decided_without_a_stray_load);
	CU_ADD_TEST(s, test_tails_are_shared_by_many_paths);
	CU_ADD_TEST(s, test_flows_are_told_apart);
	CU_ADD_TEST(s, test_order_of_insertion_does_not_matter);
	CU_ADD_TEST(s, test_thousands_of_ports_and_tuples);
	CU_ADD_TEST(s, test_code_beyond_the_reach_of_branches);
	if (run_counts()) {
		CU_ADD_TEST(s, test_ports_take_few_instructions);
		CU_ADD_TEST(s, test_tcpip_tuples_take_few_instructions);
	}
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures != 0;
}

#endif /* TESTS_EMIT_CASES_H */
