/*
 * test_set.c - a set of filters changes as dpf.h says, or not at all.
 *
 * What the generated code decides is emit_cases.h's business; here it is only
 * compared with itself, word by word.
 */
#include "tests/unit/dpf_random.h"

#include "dpf/trie.h"

#include <CUnit/Basic.h>
#include <stdlib.h>

enum {
	ARENA_BYTES = 1 << 20,
	CODE_WORDS = 1 << 16,
	ADDRESS = 0x80400000,
};

static uint64_t arena[ARENA_BYTES / 8];
static uint32_t code[CODE_WORDS], before[CODE_WORDS];
static struct draft draft;

static struct dpf_set *
new_set(size_t bytes, enum dpf_set_kind kind)
{
	struct dpf_set *s = NULL;

	CU_ASSERT_FATAL(dpf_set_init(arena, bytes, kind, &s) == SP_OK);
	return s;
}

/* `udp dst port PORT` on IPv4. */
static const struct dpf_filter *
port_filter(uint16_t port)
{
	struct flow f = { .proto = 17, .has_dport = true, .dport = port };

	CU_ASSERT_FATAL(flow_filter(&draft, &f) > 0);
	return &draft.filter;
}

static int
emit(struct dpf_set *s, uint32_t *to)
{
	return dpf_set_emit(s, to, CODE_WORDS, ADDRESS);
}

static void
test_arena_too_small_for_an_empty_set_is_refused(void)
{
	struct dpf_set *s;
	size_t bytes = 0;
	int words;

	while (dpf_set_init(arena, bytes, DPF_SET_ONE, &s) == SP_ENOMEM)
		bytes++;
	CU_ASSERT(bytes > sizeof(struct dpf_set) && bytes < 4096);
	words = emit(s, code);
	CU_ASSERT(words > 0);
	CU_ASSERT_EQUAL(dpf_set_insert(s, port_filter(1), 1, 1), SP_ENOMEM);
	CU_ASSERT_EQUAL(emit(s, before), words);
}

static void
test_arena_need_not_be_aligned(void)
{
	uint8_t *odd = (uint8_t *)arena + 3;
	struct dpf_set *s;

	CU_ASSERT_FATAL(
		dpf_set_init(odd, ARENA_BYTES - 3, DPF_SET_ALL, &s) == SP_OK);
	CU_ASSERT_EQUAL(dpf_set_insert(s, port_filter(7), 1, 0), SP_OK);
	CU_ASSERT(emit(s, code) > 0);
}

static void
test_ids_are_unique_and_in_range(void)
{
	struct dpf_set *s = new_set(ARENA_BYTES, DPF_SET_ONE);
	const struct dpf_filter *f = port_filter(7);

	CU_ASSERT_EQUAL(dpf_set_insert(s, f, 0, 1), SP_EINVAL);
	CU_ASSERT_EQUAL(dpf_set_insert(s, f, DPF_MAX_ID + 1, 1), SP_EINVAL);
	CU_ASSERT_EQUAL(dpf_set_insert(s, f, UINT32_MAX, 1), SP_EINVAL);
	CU_ASSERT_EQUAL(dpf_set_insert(s, f, DPF_MAX_ID, 1), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_insert(s, f, DPF_MAX_ID, 1), SP_EEXIST);
	CU_ASSERT_EQUAL(dpf_set_remove(s, 1), SP_ENOENT);
	CU_ASSERT_EQUAL(dpf_set_rank(s, 1, 1), SP_ENOENT);
	CU_ASSERT_EQUAL(dpf_set_rank(s, DPF_MAX_ID, 2), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_remove(s, DPF_MAX_ID), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_remove(s, DPF_MAX_ID), SP_ENOENT);
}

/* Working memory stays with a set. */
static uint32_t
live_bytes(const struct dpf_set *s)
{
	return s->used - s->scratch_bytes;
}

/* N splits that join again, in a row: 3^N paths. */
static const struct dpf_filter *
diamonds(uint16_t n)
{
	draft_begin(&draft);
	for (uint16_t i = 0; i < n; i++) {
		uint16_t at = draft.head.nnodes;
		struct dpf_node split = { .width = 1,
			.off = (uint16_t)(i % 1000 * 2),
			.mask = 0xff,
			.value = 1,
			.yes = (uint16_t)(at + 1),
			.no = (uint16_t)(at + 2) };
		struct dpf_node join = { .width = 1,
			.off = (uint16_t)(i % 1000 * 2 + 1),
			.mask = 0xff,
			.value = 1,
			.yes = (uint16_t)(at + 2),
			.no = (uint16_t)(at + 2) };

		if (i + 1 == n)
			split.no = join.yes = join.no = DPF_ACCEPT;
		draft_node(&draft, split);
		draft_node(&draft, join);
	}
	CU_ASSERT_FATAL(draft_end(&draft) > 0);
	return &draft.filter;
}

static void
test_number_of_paths_costs_nothing(void)
{
	struct dpf_set *s = new_set(ARENA_BYTES, DPF_SET_ONE);
	uint32_t live;
	int words, more;

	CU_ASSERT_EQUAL(dpf_set_insert(s, port_filter(7), 1, 1), SP_OK);
	words = emit(s, before);
	live = live_bytes(s);
	CU_ASSERT_EQUAL_FATAL(dpf_set_insert(s, diamonds(2000), 2, 2), SP_OK);
	CU_ASSERT(live_bytes(s) < live + 4100 * sizeof(struct tail));
	more = emit(s, code);
	CU_ASSERT(more > words && more < 4100 * 8);
	CU_ASSERT_EQUAL(dpf_set_remove(s, 2), SP_OK);
	CU_ASSERT_EQUAL(live_bytes(s), live);
	CU_ASSERT_EQUAL_FATAL(emit(s, code), words);
	CU_ASSERT_EQUAL(memcmp(code, before, 4 * (size_t)words), 0);
}

/* Whatever does not fit leaves the set as it was, at each size of arena. */
static void
test_a_renamed_filter_is_what_it_was(void)
{
	struct dpf_set *s = new_set(ARENA_BYTES, DPF_SET_ONE);

	CU_ASSERT_EQUAL(dpf_set_insert(s, port_filter(7), 1, 1), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_rename(s, 1, DPF_MAX_ID), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_insert(s, port_filter(8), 1, 1), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_rename(s, DPF_MAX_ID, 1), SP_EEXIST);
	CU_ASSERT_EQUAL(dpf_set_rename(s, 2, 3), SP_ENOENT);
	CU_ASSERT_EQUAL(dpf_set_rename(s, 1, 0), SP_EINVAL);
	CU_ASSERT_EQUAL(dpf_set_rename(s, 1, DPF_MAX_ID + 1), SP_EINVAL);
	CU_ASSERT_EQUAL(dpf_set_remove(s, 1), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_rename(s, DPF_MAX_ID, 1), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_rank(s, 1, 4), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_remove(s, DPF_MAX_ID), SP_ENOENT);
	CU_ASSERT_EQUAL(dpf_set_remove(s, 1), SP_OK);
}

/* A full arena: its working memory is still there. */
static void
test_a_removed_filter_can_come_back(void)
{
	for (size_t bytes = 6144; bytes < 24576; bytes += 512) {
		struct dpf_set *s = new_set(bytes, DPF_SET_ONE);
		uint16_t id = 2;

		if (dpf_set_insert(s, diamonds(9), 1, 1) != SP_OK)
			continue;
		while (dpf_set_insert(s, port_filter(id), id, id) == SP_OK)
			id++;
		CU_ASSERT_EQUAL(dpf_set_remove(s, 1), SP_OK);
		CU_ASSERT_EQUAL(dpf_set_insert(s, diamonds(9), 1, 1), SP_OK);
	}
}

static void
test_a_full_arena_leaves_the_set_untouched(void)
{
	struct rng r = { 6 };
	unsigned refused = 0;

	for (size_t bytes = 4096; bytes < 24576; bytes += 64) {
		struct dpf_set *s = new_set(bytes, DPF_SET_ONE);

		for (uint32_t id = 1; id < 12; id++) {
			int words = emit(s, before), again;
			uint32_t live = live_bytes(s);

			CU_ASSERT_FATAL(random_filter(&draft, &r) > 0);
			if (dpf_set_insert(s, &draft.filter, id, id) == SP_OK)
				continue;
			refused++;
			again = emit(s, code);
			CU_ASSERT_EQUAL_FATAL(again, words);
			CU_ASSERT_EQUAL(
				memcmp(code, before, 4 * (size_t)words), 0);
			CU_ASSERT_EQUAL(live_bytes(s), live);
			CU_ASSERT_EQUAL(dpf_set_remove(s, id), SP_ENOENT);
		}
	}
	CU_ASSERT(refused > 50);
}

static void
test_code_that_does_not_fit_is_refused(void)
{
	struct dpf_set *s = new_set(ARENA_BYTES, DPF_SET_ONE);
	int words;

	for (uint16_t i = 0; i < 20; i++)
		CU_ASSERT_EQUAL(
			dpf_set_insert(s, port_filter(i), i + 1u, i), SP_OK);
	words = emit(s, code);
	CU_ASSERT_FATAL(words > 0);
	for (size_t room = 0; room < (size_t)words; room += 7) {
		code[room] = 0x5a5a5a5a;
		CU_ASSERT_EQUAL(
			dpf_set_emit(s, code, room, ADDRESS), SP_ENOMEM);
		CU_ASSERT_EQUAL(code[room], 0x5a5a5a5a);
	}
	CU_ASSERT_EQUAL(dpf_set_emit(s, code, (size_t)words, ADDRESS), words);
}

/* 10,000 changes; what is left must look as if nothing had happened. */
static void
churn(enum dpf_set_kind kind, uint32_t seed)
{
	struct dpf_set *s = new_set(ARENA_BYTES, kind);
	bool in[33] = { false };
	struct rng r = { seed };
	uint32_t live, most = 0;
	int words;

	CU_ASSERT_EQUAL_FATAL(dpf_set_insert(s, port_filter(7), 99, 5), SP_OK);
	live = live_bytes(s);
	words = emit(s, before);
	for (unsigned i = 0; i < 10000; i++) {
		uint32_t id = 1 + rng_below(&r, 32);

		if (in[id]) {
			CU_ASSERT_EQUAL(dpf_set_remove(s, id), SP_OK);
		} else {
			CU_ASSERT_FATAL(
				(rng_below(&r, 50) == 0
						? random_braid(&draft, &r)
						: random_filter(&draft, &r)) >
				0);
			CU_ASSERT_EQUAL_FATAL(
				dpf_set_insert(s, &draft.filter, id, i), SP_OK);
		}
		in[id] = !in[id];
		if (live_bytes(s) > most)
			most = live_bytes(s);
	}
	for (uint32_t id = 1; id <= 32; id++)
		if (in[id])
			CU_ASSERT_EQUAL(dpf_set_remove(s, id), SP_OK);
	CU_ASSERT_EQUAL(live_bytes(s), live);
	CU_ASSERT_EQUAL_FATAL(emit(s, code), words);
	CU_ASSERT_EQUAL(memcmp(code, before, 4 * (size_t)words), 0);
}

static void
test_ten_thousand_changes_leave_no_trace(void)
{
	churn(DPF_SET_ONE, 7);
	churn(DPF_SET_ALL, 8);
}

static void
test_rank_can_be_changed_later(void)
{
	struct dpf_set *s = new_set(ARENA_BYTES, DPF_SET_ONE);
	int words, other;

	CU_ASSERT_EQUAL(dpf_set_insert(s, port_filter(7), 1, 1), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_insert(s, port_filter(7), 2, 2), SP_OK);
	words = emit(s, before);
	CU_ASSERT_EQUAL(dpf_set_rank(s, 1, 3), SP_OK);
	other = emit(s, code);
	CU_ASSERT_EQUAL_FATAL(other, words);
	CU_ASSERT(memcmp(code, before, 4 * (size_t)words) != 0);
	CU_ASSERT_EQUAL(dpf_set_rank(s, 1, 1), SP_OK);
	CU_ASSERT_EQUAL_FATAL(emit(s, code), words);
	CU_ASSERT_EQUAL(memcmp(code, before, 4 * (size_t)words), 0);
}

/* Differently written, the same paths: nothing is added but a leaf. */
static void
test_equal_filters_share_everything(void)
{
	struct dpf_set *s = new_set(ARENA_BYTES, DPF_SET_ALL);
	uint32_t live;

	draft_begin(&draft);
	draft_eq(&draft, 0, 12, 2, 0xffff, 0x0800);
	draft_eq(&draft, 0, 14, 1, 0xff, 0x45);
	draft_eq(&draft, 0, 23, 1, 0xff, 17);
	CU_ASSERT_FATAL(draft_accept(&draft) > 0);
	CU_ASSERT_EQUAL(dpf_set_insert(s, &draft.filter, 1, 0), SP_OK);
	live = live_bytes(s);
	draft_begin(&draft);
	draft_eq(&draft, 0, 23, 1, 0x1f, 17);
	draft_eq(&draft, 0, 14, 1, 0x0f, 5);
	draft_eq(&draft, 0, 23, 1, 0, 0); /* a bound that is implied */
	draft_eq(&draft, 0, 12, 2, 0xffff, 0x0800);
	draft_eq(&draft, 0, 23, 1, 0xe0, 0);
	draft_eq(&draft, 0, 14, 1, 0xf0, 0x40);
	CU_ASSERT_FATAL(draft_accept(&draft) > 0);
	CU_ASSERT_EQUAL(dpf_set_insert(s, &draft.filter, 2, 0), SP_OK);
	CU_ASSERT_EQUAL(
		live_bytes(s), live + dpf_pool_room(sizeof(struct leaf)));
}

static void
test_reach_is_the_end_of_the_last_field(void)
{
	struct dpf_set *s = new_set(ARENA_BYTES, DPF_SET_ONE);

	CU_ASSERT_EQUAL(dpf_set_reach(s), 0);
	draft_begin(&draft);
	draft_eq(&draft, DPF_BASE_LEN, 0, 4, 0xffffffff, 60);
	CU_ASSERT_FATAL(draft_accept(&draft) > 0);
	CU_ASSERT_EQUAL(dpf_set_insert(s, &draft.filter, 1, 1), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_reach(s), 0);
	draft_begin(&draft);
	draft_eq(&draft, 0, 38, 4, 0xffffffff, 60);
	draft_eq(&draft, 0, 12, 2, 0xffff, 0x0806);
	CU_ASSERT_FATAL(draft_accept(&draft) > 0);
	CU_ASSERT_EQUAL(dpf_set_insert(s, &draft.filter, 2, 2), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_reach(s), 42);
	CU_ASSERT_EQUAL(dpf_set_insert(s, port_filter(7), 3, 3), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_reach(s), 0xffff);
	CU_ASSERT_EQUAL(dpf_set_remove(s, 3), SP_OK);
	CU_ASSERT_EQUAL(dpf_set_reach(s), 42);
}

/* The longest filter there is: depth must cost no stack. */
static void
test_four_thousand_literals_on_one_path(void)
{
	struct dpf_set *s = new_set(ARENA_BYTES, DPF_SET_ONE);
	int words;

	draft_begin(&draft);
	for (uint16_t i = 0; i < DPF_MAX_NODES; i++) {
		draft_eq(&draft, 0, 26, 4, 0xffffffff, i * 0x10001u);
		draft.nodes[i].no = draft.nodes[i].yes;
		draft.nodes[i].yes = DPF_REJECT;
	}
	draft.nodes[DPF_MAX_NODES - 1].no = DPF_ACCEPT;
	CU_ASSERT_FATAL(draft_end(&draft) > 0);
	CU_ASSERT_EQUAL_FATAL(dpf_set_insert(s, &draft.filter, 1, 1), SP_OK);
	words = emit(s, code);
	CU_ASSERT(words > DPF_MAX_NODES && words < 6 * DPF_MAX_NODES);
	CU_ASSERT_EQUAL(dpf_set_remove(s, 1), SP_OK);
}

int
main(void)
{
	CU_pSuite s;
	unsigned failures;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("set", NULL, NULL);
	CU_ADD_TEST(s, test_arena_too_small_for_an_empty_set_is_refused);
	CU_ADD_TEST(s, test_arena_need_not_be_aligned);
	CU_ADD_TEST(s, test_ids_are_unique_and_in_range);
	CU_ADD_TEST(s, test_number_of_paths_costs_nothing);
	CU_ADD_TEST(s, test_a_renamed_filter_is_what_it_was);
	CU_ADD_TEST(s, test_a_removed_filter_can_come_back);
	CU_ADD_TEST(s, test_a_full_arena_leaves_the_set_untouched);
	CU_ADD_TEST(s, test_code_that_does_not_fit_is_refused);
	CU_ADD_TEST(s, test_ten_thousand_changes_leave_no_trace);
	CU_ADD_TEST(s, test_rank_can_be_changed_later);
	CU_ADD_TEST(s, test_equal_filters_share_everything);
	CU_ADD_TEST(s, test_reach_is_the_end_of_the_last_field);
	CU_ADD_TEST(s, test_four_thousand_literals_on_one_path);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures != 0;
}
