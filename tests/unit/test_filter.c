/*
 * test_filter.c - dpf_parse() lets nothing through that dpf_interp() would trip
 * over, and dpf_interp() means what dpf.h says.
 */
#include "dpf_build.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdlib.h>

static int
parse(const struct build *b, struct dpf_filter *f)
{
	return dpf_parse(b, build_bytes(b), f);
}

/* UDP to port 7 behind an IPv4 header of any length */
static void
build_echo(struct build *b)
{
	build_open(b);
	build_base(b, 0, 14, 1, 0xf, 2);
	build_atom(b, 0, 12, 2, 0xffff, 0x0800);
	build_atom(b, 0, 23, 1, 0xff, 17);
	build_atom(b, 0, 20, 2, 0x1fff, 0);
	build_atom(b, 1, 16, 2, 0xffff, 7);
}

/* --- dpf_parse() ------------------------------------------------------------ */

static void
test_parse_returns_the_length(void)
{
	static struct build b;
	struct dpf_filter f;

	build_echo(&b);
	CU_ASSERT_EQUAL(parse(&b, &f), 12 + 12 + 4 * 20);
	CU_ASSERT_EQUAL(f.nbases, 1);
	CU_ASSERT_EQUAL(f.nnodes, 4);
	CU_ASSERT_EQUAL(f.root, 0);
	CU_ASSERT_EQUAL(f.nodes[3].value, 7);
	/* What follows a filter is not its business. */
	CU_ASSERT_EQUAL(dpf_parse(&b, sizeof(b), &f), 12 + 12 + 4 * 20);
}

static void
test_parse_refuses_every_truncation(void)
{
	static struct build b;
	size_t whole = build_bytes(&b);

	build_echo(&b);
	for (size_t bytes = 0; bytes < whole; bytes++) {
		void *exact = malloc(bytes + 1);
		struct dpf_filter f;

		CU_ASSERT_FATAL(exact != NULL);
		memcpy(exact, &b, bytes);
		CU_ASSERT_EQUAL(dpf_parse(exact, bytes, &f), SP_ESHORT);
		free(exact);
	}
}

/* Change one thing in a good filter; it must be refused. */
#define REFUSES(change)                                                        \
	do {                                                                   \
		static struct build b;                                         \
		struct dpf_base *base = b.u.base;                              \
		struct dpf_node *node = (struct dpf_node *)(void *)(base + 1); \
		struct dpf_filter f;                                           \
                                                                               \
		build_echo(&b);                                                \
		CU_ASSERT(parse(&b, &f) > 0);                                  \
		(void)node;                                                    \
		change;                                                        \
		CU_ASSERT_EQUAL(dpf_parse(&b, sizeof(b), &f), SP_EFORMAT);     \
	} while (0)

static void
test_parse_refuses_a_wrong_header(void)
{
	REFUSES(b.head.magic++);
	REFUSES(b.head.nresidual = DPF_MAX_RESIDUAL + 1);
	REFUSES(b.head.root = 1);
	REFUSES(b.head.root = DPF_ACCEPT);
	REFUSES(b.head.nbases = DPF_MAX_BASES + 1);
	REFUSES(b.head.nnodes = DPF_MAX_NODES + 1);
	REFUSES(b.head.nnodes = 0); /* then the root says it all */
}

static void
test_parse_refuses_a_wrong_base(void)
{
	REFUSES(base->from = 1);
	REFUSES(base->from = DPF_BASE_LEN);
	REFUSES(base->width = 0);
	REFUSES(base->width = 3);
	REFUSES(base->width = 8);
	REFUSES(base->shift = 32);
	REFUSES(base->shift = -32);
	REFUSES(base->shift = -128);
	REFUSES(base->zero = 1);
	REFUSES(base->zero2 = 1);
	REFUSES(base->off = DPF_MAX_FRAME);
	REFUSES(base->off = 0xffff);
}

static void
test_parse_refuses_a_wrong_node(void)
{
	REFUSES(node[0].op = 2);
	REFUSES(node[0].base = 2);
	REFUSES(node[0].base = 0xfe);
	REFUSES(node[0].width = 0);
	REFUSES(node[0].width = 3);
	REFUSES(node[0].width = 5);
	REFUSES(node[0].zero = 1);
	REFUSES(node[0].zero2 = 1);
	REFUSES(node[0].off = DPF_MAX_FRAME - 1);
	REFUSES(node[0].off = 0xffff);
	REFUSES(node[0].value = 0x10000);
	REFUSES(node[2].mask = 0x0fff; node[2].value = 0x1000);
	REFUSES(node[0].base = DPF_BASE_LEN; node[0].off = 0);
	REFUSES(node[0].base = DPF_BASE_LEN; node[0].width = 4);
}

static void
test_parse_refuses_loops_and_strays(void)
{
	REFUSES(node[0].yes = 0);
	REFUSES(node[0].no = 0);
	REFUSES(node[2].yes = 1);
	REFUSES(node[2].no = 2);
	REFUSES(node[2].no = 4);
	REFUSES(node[2].yes = 0xfffd);
	REFUSES(b.head.nnodes = 3); /* node 2 leads to node 3 */
}

static void
test_parse_accepts_what_is_unusual(void)
{
	static struct build b;
	struct dpf_filter f;

	build_open(&b);
	b.head.root = DPF_ACCEPT;
	CU_ASSERT_EQUAL(parse(&b, &f), 12);
	CU_ASSERT(dpf_interp(&f, NULL, 0, 0));
	b.head.root = DPF_REJECT;
	CU_ASSERT_EQUAL(parse(&b, &f), 12);
	CU_ASSERT(!dpf_interp(&f, NULL, 0, 0));

	build_open(&b);
	build_atom(&b, 0, DPF_MAX_FRAME - 4, 4, 0, 0);
	build_node(&b, DPF_GT, DPF_BASE_LEN, 0, 4, UINT32_MAX, UINT32_MAX,
		DPF_REJECT, DPF_ACCEPT);
	CU_ASSERT(parse(&b, &f) > 0);
}

/* Whatever parses can be run on any frame; random bytes rarely parse. */
static void
test_mutated_blobs_never_break_the_interpreter(void)
{
	static struct build good;
	uint32_t seed = 1;
	unsigned parsed = 0;

	build_echo(&good);
	for (unsigned i = 0; i < 200000; i++) {
		static struct build b;
		struct dpf_filter f;

		b = good;
		for (unsigned flips = 1 + i % 3; flips > 0; flips--) {
			seed = seed * 1664525 + 1013904223;
			((uint8_t *)&b)[(seed >> 16) % build_bytes(&good)] ^=
				(uint8_t)(1u << (seed >> 8 & 7));
		}
		if (dpf_parse(&b, build_bytes(&good), &f) < 0)
			continue;
		parsed++;
		for (size_t len = 0; len < 60; len += 13) {
			uint8_t *exact = malloc(len + 1);

			CU_ASSERT_FATAL(exact != NULL);
			memset(exact, (int)(seed >> 24), len);
			(void)dpf_interp(&f, exact, len, len);
			free(exact);
		}
	}
	CU_ASSERT(parsed > 10000);
}

/* --- dpf_interp() ------------------------------------------------------------ */

/* Does B accept LEN bytes of FRAME?  Reads behind them are seen. */
static bool
accepts(const struct build *b, const uint8_t *frame, size_t len)
{
	uint8_t *exact = malloc(len + 1);
	struct dpf_filter f;
	bool yes;

	CU_ASSERT_FATAL(exact != NULL && parse(b, &f) > 0);
	memcpy(exact + 1, frame, len);
	yes = dpf_interp(&f, exact + 1, len, len);
	free(exact);
	return yes;
}

static void
fill_echo(uint8_t *p, unsigned words)
{
	memset(p, 0, 1600);
	be16_put(p + 12, 0x0800);
	p[14] = (uint8_t)(0x40 | words);
	p[23] = 17;
	be16_put(p + 14 + 4 * words + 2, 7);
}

static void
test_conjunction_at_every_length(void)
{
	static uint8_t p[1600];
	static struct build b;

	build_echo(&b);
	for (unsigned words = 3; words < 16; words++) {
		fill_echo(p, words);
		for (size_t len = 0; len <= 1518; len++)
			CU_ASSERT_EQUAL(
				accepts(&b, p, len), len >= 18 + 4 * words);
	}
	fill_echo(p, 5);
	p[21] = 1;
	CU_ASSERT(!accepts(&b, p, 60)); /* a fragment */
	p[21] = 0;
	p[20] = 0x40;
	CU_ASSERT(accepts(&b, p, 60)); /* bit outside the mask */
}

static void
test_failed_load_rejects_whatever_follows(void)
{
	static struct build b;
	uint8_t p[64] = { 0 };

	build_open(&b);
	/* Both ways accept, but only if byte 40 is there. */
	build_node(&b, DPF_EQ, 0, 40, 1, 0xff, 9, DPF_ACCEPT, DPF_ACCEPT);
	CU_ASSERT(!accepts(&b, p, 40));
	CU_ASSERT(accepts(&b, p, 41));
	build_open(&b);
	build_node(&b, DPF_EQ, 0, 60, 4, 0, 0, DPF_ACCEPT, DPF_ACCEPT);
	CU_ASSERT(!accepts(&b, p, 63));
	CU_ASSERT(accepts(&b, p, 64));
}

static void
test_widths_masks_and_order(void)
{
	static const uint8_t p[] = { 0x12, 0x34, 0x56, 0x78 };
	static struct build b;

	build_open(&b);
	build_atom(&b, 0, 0, 4, UINT32_MAX, 0x12345678);
	build_atom(&b, 0, 1, 2, 0xffff, 0x3456);
	build_atom(&b, 0, 3, 1, 0xf0, 0x70);
	build_atom(&b, 0, 0, 4, 0x00ff00ff, 0x00340078);
	CU_ASSERT(accepts(&b, p, 4));
	CU_ASSERT(!accepts(&b, p, 3));
}

static void
test_greater_is_unsigned_and_masked(void)
{
	static const uint8_t p[] = { 0xff, 0x00, 0x00, 0x80 };
	static struct build b;

	build_open(&b);
	build_node(&b, DPF_GT, 0, 0, 4, UINT32_MAX, 0x7fffffff, DPF_ACCEPT,
		DPF_REJECT);
	CU_ASSERT(accepts(&b, p, 4));
	build_open(&b);
	build_node(&b, DPF_GT, 0, 0, 4, 0xffff, 0x80, DPF_ACCEPT, DPF_REJECT);
	CU_ASSERT(!accepts(&b, p, 4));
	build_open(&b);
	build_node(&b, DPF_GT, 0, 0, 4, 0xffff, 0x7f, DPF_ACCEPT, DPF_REJECT);
	CU_ASSERT(accepts(&b, p, 4));
}

static void
test_length_is_the_wire_length(void)
{
	static struct build b;
	struct dpf_filter f;

	build_open(&b);
	build_node(&b, DPF_GT, DPF_BASE_LEN, 0, 4, UINT32_MAX, 99, DPF_ACCEPT,
		DPF_REJECT);
	CU_ASSERT_FATAL(parse(&b, &f) > 0);
	CU_ASSERT(dpf_interp(&f, NULL, 0, 100));
	CU_ASSERT(!dpf_interp(&f, NULL, 0, 99));
}

/* A base chain whose sum could wrap 32 bits finds nothing, and no harm. */
static void
test_bases_never_wrap(void)
{
	static struct build b;
	uint8_t p[64];

	build_open(&b);
	build_base(&b, 0, 0, 4, UINT32_MAX, 0);
	build_base(&b, 1, 0, 4, UINT32_MAX, 0);
	build_atom(&b, 2, 0, 1, 0xff, 7);
	memset(p, 7, sizeof(p));
	be32_put(p, 8);
	be32_put(p + 8, 16);
	CU_ASSERT(accepts(&b, p, sizeof(p)));
	CU_ASSERT(accepts(&b, p, 25));
	CU_ASSERT(!accepts(&b, p, 24));
	CU_ASSERT(!accepts(&b, p, 11)); /* the second base's field */
	for (uint32_t v = UINT32_MAX; v > UINT32_MAX - 64; v--) {
		be32_put(p + 8, v);
		CU_ASSERT(!accepts(&b, p, sizeof(p)));
	}
	be32_put(p, UINT32_MAX);
	CU_ASSERT(!accepts(&b, p, sizeof(p)));
}

static void
test_bases_shift_both_ways(void)
{
	static struct build b;
	uint8_t p[32] = { 0 };

	build_open(&b);
	build_base(&b, 0, 0, 2, 0x0ff0, -4);
	build_base(&b, 1, 1, 1, 0x3, 2);
	build_atom(&b, 2, 0, 1, 0xff, 0x5a);
	be16_put(p, 0xf05f); /* base 1 at 5 */
	p[6] = 0xfe;         /* base 2 at 5 + 8 */
	p[13] = 0x5a;
	CU_ASSERT(accepts(&b, p, 14));
	CU_ASSERT(!accepts(&b, p, 13));
	p[13] = 0;
	CU_ASSERT(!accepts(&b, p, 32));
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("filter", NULL, NULL);
	CU_ADD_TEST(s, test_parse_returns_the_length);
	CU_ADD_TEST(s, test_parse_refuses_every_truncation);
	CU_ADD_TEST(s, test_parse_refuses_a_wrong_header);
	CU_ADD_TEST(s, test_parse_refuses_a_wrong_base);
	CU_ADD_TEST(s, test_parse_refuses_a_wrong_node);
	CU_ADD_TEST(s, test_parse_refuses_loops_and_strays);
	CU_ADD_TEST(s, test_parse_accepts_what_is_unusual);
	CU_ADD_TEST(s, test_mutated_blobs_never_break_the_interpreter);
	CU_ADD_TEST(s, test_conjunction_at_every_length);
	CU_ADD_TEST(s, test_failed_load_rejects_whatever_follows);
	CU_ADD_TEST(s, test_widths_masks_and_order);
	CU_ADD_TEST(s, test_greater_is_unsigned_and_masked);
	CU_ADD_TEST(s, test_length_is_the_wire_length);
	CU_ADD_TEST(s, test_bases_never_wrap);
	CU_ADD_TEST(s, test_bases_shift_both_ways);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}
