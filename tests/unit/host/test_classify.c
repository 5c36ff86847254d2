/*
 * test_classify.c - all of libpcap's expressions in one classifier.
 *
 * Each frame's ids are compared with what bpf_filter() says for each program
 * by itself, on aimed frames, whole and cut short.
 * LIBS: -lpcap
 */
#include "tests/unit/run_sim.h"

#include "tests/unit/dpf_frames.h"
#include "tests/unit/host/pcap_expressions.h"

#include <CUnit/Basic.h>
#include <pcap/pcap.h>

enum {
	COUNT = ARRAY_LEN(expressions),
	ARENA_BYTES = 1 << 20,
	CODE_WORDS = 1 << 16,
	SCRATCH_BYTES = 16 << 20,
	FRAMES = 5000,
};

_Static_assert((int)COUNT <= (int)RUN_MAX_IDS, "all may accept");

static uint64_t arena[ARENA_BYTES / 8], scratch[SCRATCH_BYTES / 8];
static uint32_t code[CODE_WORDS];
static struct dpf_set *set;

/* Expression i has id i + 1. */
static struct subject {
	struct bpf_program bpf;
	uint32_t *blob;
	struct dpf_filter filter;
	struct aim aims[MAX_AIMS];
	size_t naims;
	uint32_t rank;
} subjects[COUNT];

/* Suites are set up outside of tests, where nothing can be asserted. */
static bool
subject_open(struct subject *s, const char *text)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 262144);
	struct dpf_why why;
	int n = -1;

	s->blob = malloc(DPF_BLOB_MAX);
	if (p == NULL || s->blob == NULL ||
		pcap_compile(p, &s->bpf, text, 0, PCAP_NETMASK_UNKNOWN) < 0)
		return false;
	pcap_close(p);
	n = dpf_lift((const struct dpf_bpf *)s->bpf.bf_insns, s->bpf.bf_len,
		scratch, sizeof(scratch), s->blob, DPF_BLOB_MAX, &why);
	s->naims = aims_find((const struct dpf_bpf *)s->bpf.bf_insns,
		s->bpf.bf_len, s->aims);
	return n > 0 && dpf_parse(s->blob, (size_t)n, &s->filter) == n;
}

static int
open_all(void)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!subject_open(&subjects[i], expressions[i]))
			return -1;
	return 0;
}

static int
close_all(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		pcap_freecode(&subjects[i].bpf);
		free(subjects[i].blob);
	}
	return 0;
}

static void
insert_all(enum dpf_set_kind kind)
{
	CU_ASSERT_FATAL(
		dpf_set_init(arena, sizeof(arena), kind, &set) == SP_OK);
	for (uint32_t i = 0; i < COUNT; i++)
		CU_ASSERT_FATAL(dpf_set_insert(set, &subjects[i].filter, i + 1,
					0) == SP_OK);
}

/* New ranks for all, by chance. */
static void
shuffle(struct rng *r)
{
	for (uint32_t i = 0; i < COUNT; i++) {
		subjects[i].rank = rng_below(r, 150) * COUNT + i;
		CU_ASSERT_EQUAL(
			dpf_set_rank(set, i + 1, subjects[i].rank), SP_OK);
	}
}

static void
compile(void)
{
	int n = dpf_set_emit(set, code, CODE_WORDS, run_address());

	CU_ASSERT_FATAL(n > 0);
	run_load(code, (uint32_t)n);
}

static bool
libpcap_accepts(size_t i, const uint8_t *frame, size_t len, size_t whole)
{
	return bpf_filter(subjects[i].bpf.bf_insns, frame, (unsigned)whole,
		       (unsigned)len) != 0;
}

/* A frame that at least one of the programs is interested in. */
static size_t
make_frame(struct rng *r, uint8_t frame[FRAME_ROOM])
{
	const struct subject *s = &subjects[rng_below(r, COUNT)];
	size_t len = frame_make(r, frame);

	frame_aim(r, s->aims, s->naims, frame);
	return len;
}

static void
complain(const char *text, size_t len)
{
	printf("\n    %s: wrong for %zu bytes", text, len);
	CU_FAIL_FATAL("classifier differs from libpcap");
}

static void
check_all(const uint8_t *frame, size_t len, size_t whole)
{
	static uint16_t ids[RUN_MAX_IDS];
	bool seen[COUNT] = { false };
	uint32_t n = run_call(frame, (uint32_t)len, (uint32_t)whole, ids);

	for (uint32_t i = 0; i < n; i++) {
		CU_ASSERT_FATAL(ids[i] >= 1 && ids[i] <= COUNT);
		CU_ASSERT_FATAL(!seen[ids[i] - 1]);
		seen[ids[i] - 1] = true;
	}
	for (size_t i = 0; i < COUNT; i++)
		if (seen[i] != libpcap_accepts(i, frame, len, whole))
			complain(expressions[i], len);
}

static void
check_one(const uint8_t *frame, size_t len, size_t whole)
{
	uint32_t got = run_call(frame, (uint32_t)len, (uint32_t)whole, NULL);
	size_t best = COUNT;

	for (size_t i = 0; i < COUNT; i++)
		if (libpcap_accepts(i, frame, len, whole) &&
			(best == COUNT ||
				subjects[i].rank > subjects[best].rank))
			best = i;
	if (got != (best == COUNT ? 0 : best + 1))
		complain(best == COUNT ? "no one" : expressions[best], len);
}

static void
test_every_tap_sees_what_libpcap_would_show_it(void)
{
	static uint8_t frame[FRAME_ROOM];
	struct rng r = { 2463534242u };

	insert_all(DPF_SET_ALL);
	compile();
	for (unsigned i = 0; i < FRAMES; i++) {
		size_t len = make_frame(&r, frame);

		check_all(frame, len, len);
		check_all(frame, rng_below(&r, (uint32_t)len + 1), len);
	}
}

static void
test_the_best_binding_gets_the_frame(void)
{
	static uint8_t frame[FRAME_ROOM];
	struct rng r = { 521288629u };

	insert_all(DPF_SET_ONE);
	for (unsigned i = 0; i < FRAMES; i++) {
		size_t len = make_frame(&r, frame);

		if (i % 100 == 0) {
			shuffle(&r);
			compile();
		}
		check_one(frame, len, len);
		check_one(frame, rng_below(&r, (uint32_t)len + 1), len);
	}
}

/* --- many hosts and many ports ------------------------------------------------ */

enum { MANY = 100, TEXT_BYTES = 8192 };

/* (host ... or host ...) and (port ... or port ...): 120,000 paths. */
static void
many_text(char *text)
{
	size_t n = 0;

	for (unsigned i = 0; i < 2 * MANY; i++) {
		const char *before = i == 0      ? "("
				     : i == MANY ? ") and ("
						 : " or ";

		if (i < MANY)
			n += (size_t)snprintf(text + n, TEXT_BYTES - n,
				"%shost 10.7.%u.%u", before, i / 7, i);
		else
			n += (size_t)snprintf(text + n, TEXT_BYTES - n,
				"%sport %u", before, 1000 + 3 * i);
	}
	snprintf(text + n, TEXT_BYTES - n, ")");
}

static void
check_many(const struct subject *s, enum dpf_set_kind kind)
{
	static uint8_t frame[FRAME_ROOM];
	static uint16_t ids[RUN_MAX_IDS];
	struct rng r = { 88172645u };
	unsigned accepted = 0;

	CU_ASSERT_FATAL(
		dpf_set_init(arena, sizeof(arena), kind, &set) == SP_OK);
	CU_ASSERT_FATAL(dpf_set_insert(set, &s->filter, 1, 1) == SP_OK);
	compile();
	for (unsigned i = 0; i < 4 * FRAMES; i++) {
		size_t whole = frame_make(&r, frame), len = whole;
		bool want;

		frame_aim(&r, s->aims, s->naims, frame);
		if (i % 4 == 0)
			len = rng_below(&r, (uint32_t)whole + 1);
		want = bpf_filter(s->bpf.bf_insns, frame, (unsigned)whole,
			       (unsigned)len) != 0;
		accepted += want;
		CU_ASSERT_EQUAL_FATAL(
			run_call(frame, (uint32_t)len, (uint32_t)whole, ids),
			want);
	}
	CU_ASSERT(accepted > 100);
}

static void
test_a_hundred_hosts_and_ports_fit(void)
{
	static struct subject s;
	static char text[TEXT_BYTES];

	many_text(text);
	CU_ASSERT_FATAL(subject_open(&s, text));
	check_many(&s, DPF_SET_ONE);
	check_many(&s, DPF_SET_ALL);
	pcap_freecode(&s.bpf);
	free(s.blob);
}

int
main(void)
{
	CU_pSuite s;
	unsigned failures;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("classify", open_all, close_all);
	CU_ADD_TEST(s, test_every_tap_sees_what_libpcap_would_show_it);
	CU_ADD_TEST(s, test_the_best_binding_gets_the_frame);
	CU_ADD_TEST(s, test_a_hundred_hosts_and_ports_fit);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures != 0;
}
