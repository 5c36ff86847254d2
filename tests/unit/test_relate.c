/*
 * test_relate.c - dpf_relate() never says what is not so, and decides what
 * people write.
 *
 * Soundness is tried exhaustively: random filters over a few bits of the first
 * bytes, and every frame that differs in them.
 */
#include "dpf_build.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCRATCH = 65536, STEPS = 200000 };

static _Alignas(8) uint8_t scratch[SCRATCH];
static struct dpf_example example;

static struct dpf_filter
parsed(const struct build *b)
{
	struct dpf_filter f = { .root = DPF_REJECT };

	CU_ASSERT_FATAL(dpf_parse(b, build_bytes(b), &f) > 0);
	return f;
}

static int
relate(const struct build *a, const struct build *b)
{
	struct dpf_filter fa = parsed(a), fb = parsed(b);
	int r = dpf_relate(&fa, &fb, scratch, sizeof(scratch), STEPS, &example);

	CU_ASSERT(r >= DPF_DISJOINT && r <= DPF_UNDECIDED);
	if (example.len != 0) {
		CU_ASSERT_FATAL(example.len <= sizeof(example.frame));
		CU_ASSERT(dpf_interp(
			&fa, example.frame, example.len, example.len));
		CU_ASSERT(dpf_interp(
			&fb, example.frame, example.len, example.len));
	}
	return r;
}

/* --- what people write --------------------------------------------------------- */

enum { ANY = 0x10000 };

/* An Ethernet type. */
static void
build_type(struct build *b, uint32_t type)
{
	build_open(b);
	build_atom(b, 0, 12, 2, 0xffff, type);
}

/* A transport over IPv4, with destination port and address unless ANY, 0. */
static void
build_ipv4(struct build *b, uint32_t proto, uint32_t dport, uint32_t dst)
{
	build_open(b);
	if (dport != ANY)
		build_base(b, 0, 14, 1, 0xf, 2);
	build_atom(b, 0, 12, 2, 0xffff, 0x0800);
	build_atom(b, 0, 23, 1, 0xff, proto);
	if (dst != 0)
		build_atom(b, 0, 30, 4, UINT32_MAX, dst);
	if (dport != ANY) {
		build_atom(b, 0, 20, 2, 0x1fff, 0);
		build_atom(b, 1, 16, 2, 0xffff, dport);
	}
}

/* UDP with PORT on either side, source first */
static void
build_either_port(struct build *b, uint32_t port)
{
	build_ipv4(b, 17, port, 0);
	build_atom(b, 1, 16, 2, 0xffff, port);
	build_at(b, 3)->off = 14;
	build_at(b, 3)->yes = DPF_ACCEPT;
	build_at(b, 3)->no = 4;
}

/* UDP with destination port LO..HI */
static void
build_port_range(struct build *b, uint32_t lo, uint32_t hi)
{
	build_ipv4(b, 17, 0, 0);
	build_at(b, 3)->op = DPF_GT;
	build_at(b, 3)->value = lo - 1;
	build_at(b, 3)->yes = 4;
	build_node(b, DPF_GT, 1, 16, 2, 0xffff, hi, DPF_REJECT, DPF_ACCEPT);
}

static void
build_host(struct build *b, uint32_t address)
{
	build_type(b, 0x0800);
	build_atom(b, 0, 26, 4, UINT32_MAX, address);
	build_at(b, 1)->yes = DPF_ACCEPT;
	build_at(b, 1)->no = 2;
	build_node(b, DPF_EQ, 0, 30, 4, UINT32_MAX, address, DPF_ACCEPT,
		DPF_REJECT);
}

/* R(a, b), and its mirror image for (b, a) */
static void
expect(int r, const struct build *a, const struct build *b)
{
	int back = r == DPF_INSIDE     ? DPF_CONTAINS
		   : r == DPF_CONTAINS ? DPF_INSIDE
				       : r;

	CU_ASSERT_EQUAL(relate(a, b), r);
	CU_ASSERT(r == DPF_DISJOINT || example.len != 0);
	CU_ASSERT_EQUAL(relate(b, a), back);
}

static void
test_conjunctions(void)
{
	static struct build a, b;

	build_ipv4(&a, 17, 7, 0);
	build_ipv4(&b, 17, 8, 0);
	expect(DPF_DISJOINT, &a, &b);
	build_ipv4(&b, 17, ANY, 0);
	expect(DPF_INSIDE, &a, &b);
	build_ipv4(&b, 6, ANY, 0);
	expect(DPF_DISJOINT, &a, &b);
	build_type(&b, 0x0800);
	expect(DPF_INSIDE, &a, &b);
	build_type(&b, 0x0806);
	expect(DPF_DISJOINT, &a, &b);
	build_ipv4(&b, 17, 7, 0x0a070002);
	expect(DPF_CONTAINS, &a, &b);
	build_ipv4(&b, 17, ANY, 0x0a070002);
	expect(DPF_OVERLAPS, &a, &b);
	build_open(&b);
	build_atom(&b, 0, 6, 4, UINT32_MAX, 0x02000000);
	build_atom(&b, 0, 10, 2, 0xffff, 1);
	expect(DPF_OVERLAPS, &a, &b);
	CU_ASSERT_EQUAL(example.frame[6], 2);
	CU_ASSERT_EQUAL(example.frame[11], 1);
}

static void
test_disjunctions_and_ranges(void)
{
	static struct build a, b;

	build_ipv4(&a, 17, 7, 0);
	build_either_port(&b, 7);
	expect(DPF_INSIDE, &a, &b);
	build_either_port(&b, 8);
	expect(DPF_OVERLAPS, &a, &b);
	build_port_range(&b, 5, 10);
	expect(DPF_INSIDE, &a, &b);
	build_port_range(&b, 8, 10);
	expect(DPF_DISJOINT, &a, &b);
	build_port_range(&a, 10, 20);
	expect(DPF_OVERLAPS, &a, &b);
	build_port_range(&b, 11, 20);
	expect(DPF_CONTAINS, &a, &b);
	build_port_range(&b, 21, 30);
	expect(DPF_DISJOINT, &a, &b);
	build_host(&a, 0x0a000001);
	build_ipv4(&b, 17, 7, 0);
	expect(DPF_OVERLAPS, &a, &b);
	build_type(&b, 0x0800);
	expect(DPF_INSIDE, &a, &b);
	build_host(&b, 0x0a000002);
	expect(DPF_OVERLAPS, &a, &b);
}

/* The same frames, said with other fields, masks, order and bases. */
static void
test_spellings_are_equal(void)
{
	static struct build a, b;

	build_ipv4(&a, 17, ANY, 0);
	build_open(&b);
	build_atom(&b, 0, 22, 2, 0x00ff, 17);
	build_atom(&b, 0, 12, 1, 0xff, 8);
	build_atom(&b, 0, 13, 1, 0xff, 0);
	expect(DPF_EQUAL, &a, &b);
	build_at(&b, 0)->off = 23; /* then byte 24 is needed too */
	build_at(&b, 0)->mask = 0xff00;
	build_at(&b, 0)->value = 0x1100;
	expect(DPF_CONTAINS, &a, &b);

	/* A header of five words makes the offset known. */
	build_ipv4(&a, 17, 7, 0);
	build_atom(&a, 0, 14, 1, 0x0f, 5);
	build_ipv4(&b, 17, ANY, 0);
	build_atom(&b, 0, 20, 2, 0x1fff, 0);
	build_atom(&b, 0, 36, 2, 0xffff, 7);
	build_atom(&b, 0, 14, 1, 0x0f, 5);
	expect(DPF_EQUAL, &a, &b);
	build_ipv4(&b, 17, 7, 0);
	expect(DPF_INSIDE, &a, &b);
	build_ipv4(&b, 17, ANY, 0);
	build_atom(&b, 0, 38, 2, 0xffff, 9);
	expect(DPF_OVERLAPS, &a, &b);
}

static void
test_bounds_count(void)
{
	static struct build a, b;

	build_type(&a, 0x0800);
	build_type(&b, 0x0800);
	build_atom(&b, 0, 99, 1, 0, 0);
	expect(DPF_CONTAINS, &a, &b);
	CU_ASSERT(example.len >= 100);
	build_atom(&a, 0, 99, 1, 0, 0);
	expect(DPF_EQUAL, &a, &b);
	build_atom(&a, 0, 300, 1, 0, 0);
	CU_ASSERT_EQUAL(relate(&a, &b), DPF_INSIDE);
	CU_ASSERT_EQUAL(example.len, 0); /* too long for an example */
}

static void
test_constants(void)
{
	static struct build a, b, none;

	build_open(&a);
	a.head.root = DPF_ACCEPT;
	build_type(&b, 0x0800);
	expect(DPF_CONTAINS, &a, &b);
	expect(DPF_EQUAL, &a, &a);
	build_open(&none);
	none.head.root = DPF_REJECT;
	expect(DPF_DISJOINT, &none, &a);
	expect(DPF_DISJOINT, &none, &b);
	/* Accepts nothing, but takes a proof. */
	build_type(&none, 0x0800);
	build_atom(&none, 0, 13, 1, 0x01, 1);
	expect(DPF_DISJOINT, &none, &b);
}

/* Whatever it is given to work with, it answers, and never wrongly. */
static void
test_small_means_are_undecided(void)
{
	static struct build a, b;
	unsigned undecided = 0;

	build_either_port(&a, 7);
	build_port_range(&b, 7, 7);
	for (size_t bytes = 0; bytes < 12000; bytes += 61) {
		struct dpf_filter fa = parsed(&a), fb = parsed(&b);
		void *mem = malloc(bytes + 1);
		int r;

		CU_ASSERT_FATAL(mem != NULL);
		r = dpf_relate(&fa, &fb, mem, bytes, STEPS, &example);
		CU_ASSERT(r == DPF_CONTAINS || r == DPF_UNDECIDED);
		undecided += r == DPF_UNDECIDED;
		free(mem);
	}
	CU_ASSERT(undecided > 10 && undecided < 190);
	undecided = 0;
	for (uint32_t steps = 0; steps < 2000; steps += 3) {
		struct dpf_filter fa = parsed(&a), fb = parsed(&b);
		int r = dpf_relate(
			&fa, &fb, scratch, sizeof(scratch), steps, &example);

		CU_ASSERT(r == DPF_CONTAINS || r == DPF_UNDECIDED);
		undecided += r == DPF_UNDECIDED;
	}
	CU_ASSERT(undecided > 3 && undecided < 600);
}

/* --- exhaustively ----------------------------------------------------------------- */

enum { TOY_BYTES = 5, TOY_BITS = 0x03, TOY_PAIRS = 1500 };

static uint32_t seed = 12345;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 10) % below;
}

/* A random graph of tests of two bits a byte, behind a base or not. */
static void
build_toy(struct build *b, bool based)
{
	unsigned n = 1 + draw(6);

	build_open(b);
	if (based) {
		unsigned at = draw(2);

		build_base(b, 0, at, 1, 1 + draw(3), 0);
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned base = based ? draw(2) : 0;
		unsigned width = draw(4) == 0 ? 2 : 1;
		unsigned off = draw(base ? 2 : TOY_BYTES + 1 - width);
		uint32_t mask = draw(8) == 0 ? 0
				: width == 2 ? 0x0303 & (1 + draw(0x303))
					     : 1 + draw(3);
		unsigned op = draw(3) == 0 ? DPF_GT : DPF_EQ;
		uint32_t value = draw(0x304) & mask;
		unsigned to[2];

		width = base ? 1 : width;
		mask &= width == 1 ? TOY_BITS : 0x0303;
		value &= mask;
		for (unsigned k = 0; k < 2; k++)
			to[k] = i + 1 < n && draw(3) != 0
					? i + 1 + draw(n - i - 1)
				: draw(2) ? DPF_ACCEPT
					  : DPF_REJECT;
		build_node(b, op, base, off, width, mask, value, to[0], to[1]);
	}
}

/* Which kinds of frames exist: bit 0 both accept, 1 only A, 2 only B. */
static unsigned
truth(const struct build *a, const struct build *b)
{
	struct dpf_filter fa = parsed(a), fb = parsed(b);
	unsigned kinds = 0;

	for (unsigned bits = 0; bits < 1u << 2 * TOY_BYTES; bits++) {
		uint8_t p[TOY_BYTES];

		for (unsigned i = 0; i < TOY_BYTES; i++)
			p[i] = (uint8_t)(bits >> 2 * i & TOY_BITS);
		for (size_t len = 0; len <= TOY_BYTES; len++) {
			bool ina = dpf_interp(&fa, p, len, len);
			bool inb = dpf_interp(&fb, p, len, len);

			kinds |= ina && inb ? 1 : ina ? 2 : inb ? 4 : 0;
		}
	}
	return kinds;
}

/* Is answer R true when frames of KINDS exist? */
static bool
is_true(int r, unsigned kinds)
{
	switch (r) {
	case DPF_DISJOINT:
		return (kinds & 1) == 0;
	case DPF_EQUAL:
		return (kinds & 6) == 0;
	case DPF_INSIDE:
		return (kinds & 2) == 0;
	case DPF_CONTAINS:
		return (kinds & 4) == 0;
	case DPF_OVERLAPS:
		return kinds == 7;
	default:
		return true;
	}
}

static unsigned
try_toys(bool based)
{
	static struct build a, b;
	unsigned undecided = 0;

	for (unsigned i = 0; i < TOY_PAIRS; i++) {
		unsigned kinds;
		int r;

		build_toy(&a, based);
		build_toy(&b, based);
		kinds = truth(&a, &b);
		r = relate(&a, &b);
		if (!is_true(r, kinds))
			printf("\n    pair %u: answer %d, kinds %u", i, r,
				kinds);
		CU_ASSERT_FATAL(is_true(r, kinds));
		undecided += r == DPF_UNDECIDED;
	}
	printf("%u of %u undecided ", undecided, TOY_PAIRS);
	return undecided;
}

static void
test_answers_are_true_at_fixed_offsets(void)
{
	CU_ASSERT(try_toys(false) < TOY_PAIRS / 50);
}

static void
test_answers_are_true_at_variable_offsets(void)
{
	CU_ASSERT(try_toys(true) < TOY_PAIRS / 5);
}

/* --- anything that parses --------------------------------------------------- */

/* Flip a few bits of good filters: whatever still parses must be bearable. */
static void
test_mutants_are_borne(void)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	static _Alignas(8) uint8_t image[4096];
	static struct build a, b;
	unsigned tried = 0;

	for (unsigned i = 0; i < 60000; i++) {
		struct dpf_filter fa, fb, fm;
		int bytes;

		build_either_port(&a, 7);
		build_port_range(&b, 5, 9);
		for (unsigned flips = 1 + i % 4; flips > 0; flips--) {
			uint8_t *p = (uint8_t *)(draw(2) ? &a : &b);

			p[draw(92)] ^= (uint8_t)BIT(draw(8));
		}
		if (dpf_parse(&a, build_bytes(&a), &fa) < 0 ||
			dpf_parse(&b, build_bytes(&b), &fb) < 0)
			continue;
		tried++;
		(void)relate(&a, &b);
		bytes = dpf_mirror(&fa, mac, scratch, sizeof(scratch), image,
			sizeof(image));
		CU_ASSERT(bytes > 0 &&
			  dpf_parse(image, (size_t)bytes, &fm) == bytes);
	}
	CU_ASSERT(tried > 3000);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("relate", NULL, NULL);
	CU_ADD_TEST(s, test_conjunctions);
	CU_ADD_TEST(s, test_disjunctions_and_ranges);
	CU_ADD_TEST(s, test_spellings_are_equal);
	CU_ADD_TEST(s, test_bounds_count);
	CU_ADD_TEST(s, test_constants);
	CU_ADD_TEST(s, test_small_means_are_undecided);
	CU_ADD_TEST(s, test_answers_are_true_at_fixed_offsets);
	CU_ADD_TEST(s, test_answers_are_true_at_variable_offsets);
	CU_ADD_TEST(s, test_mutants_are_borne);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}
