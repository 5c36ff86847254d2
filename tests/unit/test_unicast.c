/*
 * test_unicast.c - the part of a filter that is for one receiver accepts what the
 * filter accepts, but for groups and ARP.
 */
#include "kernel/core/unicast.h"

#include "tests/unit/dpf_random.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum { FILTERS = 2000, FRAMES = 60, LONGEST = 80 };

static struct draft draft;

/* PART lies in exactly so many bytes. */
static void *
part_of(const struct dpf_filter *f, struct dpf_filter *part)
{
	void *room = malloc(unicast_bytes(f));

	CU_ASSERT_PTR_NOT_NULL_FATAL(room);
	CU_ASSERT_FATAL(unicast_part(f, room, part) == SP_OK);
	return room;
}

static void
random_bytes(struct rng *r, uint8_t *frame, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		frame[i] = random_byte(r);
	if (rng_below(r, 3) == 0)
		be16_put(frame + 12, 0x0806);
}

static void
test_it_is_the_filter_without_groups(void)
{
	struct rng r = { .s = 5 };
	uint32_t accepted[2] = { 0, 0 };

	for (uint32_t i = 0; i < FILTERS; i++) {
		struct dpf_filter part;
		void *room;

		CU_ASSERT_FATAL(random_filter(&draft, &r) > 0);
		room = part_of(&draft.filter, &part);
		for (uint32_t k = 0; k < FRAMES; k++) {
			uint8_t frame[LONGEST];
			uint32_t len = 14 + rng_below(&r, LONGEST - 13);
			bool all, one;

			random_bytes(&r, frame, len);
			all = dpf_interp(&draft.filter, frame, len, len);
			one = dpf_interp(&part, frame, len, len);
			CU_ASSERT(one == (all && !unicast_is_not(frame)));
			CU_ASSERT(dpf_interp(&unicast_rest, frame, len, len) ==
				  unicast_is_not(frame));
			accepted[one] += all;
		}
		free(room);
	}
	CU_ASSERT(accepted[0] > FILTERS && accepted[1] > FILTERS);
}

static void
test_filters_without_tests_have_two(void)
{
	uint8_t frame[60] = { 0 };
	struct dpf_filter part;
	void *room;

	draft_begin(&draft);
	draft.head.root = DPF_ACCEPT;
	CU_ASSERT_FATAL(draft_end(&draft) > 0);
	room = part_of(&draft.filter, &part);
	CU_ASSERT(dpf_interp(&part, frame, 60, 60));
	frame[0] = 1;
	CU_ASSERT(!dpf_interp(&part, frame, 60, 60));
	frame[0] = 2;
	be16_put(frame + 12, 0x0806);
	CU_ASSERT(!dpf_interp(&part, frame, 60, 60));
	free(room);
	draft_begin(&draft);
	draft.head.root = DPF_REJECT;
	CU_ASSERT_FATAL(draft_end(&draft) > 0);
	room = part_of(&draft.filter, &part);
	CU_ASSERT(!dpf_interp(&part, frame, 60, 60));
	free(room);
}

static void
test_there_must_be_room_for_two_more_tests(void)
{
	struct dpf_filter part;

	draft_begin(&draft);
	for (uint32_t i = 0; i < DPF_MAX_NODES - 2; i++)
		draft_eq(&draft, 0, 20, 1, 0xff, i & 0xff);
	CU_ASSERT_FATAL(draft_accept(&draft) > 0);
	free(part_of(&draft.filter, &part));
	draft_begin(&draft);
	for (uint32_t i = 0; i < DPF_MAX_NODES - 1; i++)
		draft_eq(&draft, 0, 20, 1, 0xff, i & 0xff);
	CU_ASSERT_FATAL(draft_accept(&draft) > 0);
	CU_ASSERT(unicast_part(&draft.filter, NULL, &part) == SP_EINVAL);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("unicast", NULL, NULL);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_it_is_the_filter_without_groups);
	ADD(test_filters_without_tests_have_two);
	ADD(test_there_must_be_room_for_two_more_tests);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
