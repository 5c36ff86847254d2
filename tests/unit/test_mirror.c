/*
 * test_mirror.c - dpf_mirror() lets through the replies to what a filter takes,
 * from the right source, and little else.
 *
 * The property over many pcap expressions is in host/test_pcap.c.
 */
#include "dpf_build.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdlib.h>

static const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

static _Alignas(8) uint8_t scratch[16384];
static _Alignas(8) uint8_t blob[4096];

static struct dpf_filter
mirror(const struct build *b)
{
	struct dpf_filter f = { .root = DPF_REJECT }, out = f;
	int bytes;

	CU_ASSERT_FATAL(dpf_parse(b, build_bytes(b), &f) > 0);
	bytes = dpf_mirror(
		&f, mac, scratch, sizeof(scratch), blob, sizeof(blob));
	CU_ASSERT_FATAL(bytes > 0);
	CU_ASSERT_EQUAL_FATAL(dpf_parse(blob, (size_t)bytes, &out), bytes);
	return out;
}

/* Is node I of F the test (base, off, width, mask) == value? */
static bool
is_test(const struct dpf_filter *f, unsigned i, unsigned base, unsigned off,
	unsigned width, uint32_t mask, uint32_t value)
{
	const struct dpf_node *n = &f->nodes[i];

	return i < f->nnodes && n->op == DPF_EQ && n->base == base &&
	       n->off == off && n->width == width && n->mask == mask &&
	       n->value == value;
}

static bool
demands_source(const struct dpf_filter *f)
{
	return is_test(f, 0, 0, 6, 4, UINT32_MAX, 0x52540012) &&
	       is_test(f, 1, 0, 10, 2, 0xffff, 0x3456) &&
	       f->nodes[0].no == DPF_REJECT && f->nodes[1].no == DPF_REJECT;
}

static void
test_ports_and_addresses_change_sides(void)
{
	static struct build b;
	struct dpf_filter f;

	build_open(&b);
	build_base(&b, 0, 14, 1, 0xf, 2);
	build_atom(&b, 0, 12, 2, 0xffff, 0x0800);
	build_atom(&b, 0, 23, 1, 0xff, 17);
	build_atom(&b, 0, 30, 4, UINT32_MAX, 0x0a070002);
	build_atom(&b, 0, 26, 1, 0xff, 10);
	build_atom(&b, 0, 20, 2, 0x1fff, 0);
	build_atom(&b, 1, 16, 2, 0xffff, 7);
	f = mirror(&b);
	CU_ASSERT(demands_source(&f));
	CU_ASSERT_EQUAL_FATAL(f.nnodes, 8);
	CU_ASSERT(is_test(&f, 2, 0, 12, 2, 0xffff, 0x0800));
	CU_ASSERT(is_test(&f, 3, 0, 23, 1, 0xff, 17));
	CU_ASSERT(is_test(&f, 4, 0, 26, 4, UINT32_MAX, 0x0a070002));
	CU_ASSERT(is_test(&f, 5, 0, 30, 1, 0xff, 10));
	CU_ASSERT(is_test(&f, 6, 0, 20, 2, 0x1fff, 0));
	CU_ASSERT(is_test(&f, 7, 1, 14, 2, 0xffff, 7));
	CU_ASSERT_EQUAL(f.nodes[7].yes, DPF_ACCEPT);
}

static void
test_arp_and_ipv6_change_sides(void)
{
	static struct build b;
	struct dpf_filter f;

	build_open(&b);
	build_atom(&b, 0, 12, 2, 0xffff, 0x0806);
	build_atom(&b, 0, 20, 2, 0xffff, 1); /* the operation is dropped */
	build_atom(&b, 0, 38, 4, UINT32_MAX, 0x0a070002);
	f = mirror(&b);
	CU_ASSERT_EQUAL(f.nnodes, 4);
	CU_ASSERT(is_test(&f, 3, 0, 28, 4, UINT32_MAX, 0x0a070002));

	build_open(&b);
	build_atom(&b, 0, 12, 2, 0xffff, 0x86dd);
	build_atom(&b, 0, 20, 1, 0xff, 6);
	build_atom(&b, 0, 38, 4, UINT32_MAX, 0x20010db8);
	build_atom(&b, 0, 54, 2, 0xffff, 1234);
	f = mirror(&b);
	CU_ASSERT_EQUAL(f.nnodes, 6);
	CU_ASSERT(is_test(&f, 4, 0, 22, 4, UINT32_MAX, 0x20010db8));
	CU_ASSERT(is_test(&f, 5, 0, 56, 2, 0xffff, 1234));
}

static void
test_what_names_no_end_is_dropped(void)
{
	static struct build b;
	struct dpf_filter f;

	build_open(&b);
	build_atom(&b, 0, 0, 4, UINT32_MAX, 0x52540012); /* Ethernet */
	build_atom(&b, 0, 12, 2, 0xffff, 0x0800);
	build_atom(&b, 0, 22, 1, 0xff, 64);     /* time to live */
	build_atom(&b, 0, 20, 2, 0x3fff, 0);    /* more than the offset */
	build_atom(&b, 0, 34, 2, 0xffff, 1234); /* not ports yet */
	build_atom(&b, 0, 99, 1, 0, 0);         /* bounds */
	build_atom(&b, DPF_BASE_LEN, 0, 4, UINT32_MAX, 200);
	f = mirror(&b);
	CU_ASSERT(demands_source(&f));
	CU_ASSERT_EQUAL(f.nnodes, 3);
	CU_ASSERT(is_test(&f, 2, 0, 12, 2, 0xffff, 0x0800));
}

/* Without a word on the protocol, bytes 26..29 may be anything. */
static void
test_addresses_need_their_protocol(void)
{
	static struct build b;
	struct dpf_filter f;

	build_open(&b);
	build_atom(&b, 0, 26, 4, UINT32_MAX, 0x0a070002);
	f = mirror(&b);
	CU_ASSERT_EQUAL(f.nnodes, 2);
	build_atom(&b, 0, 12, 2, 0xffff, 0x8864); /* nor in a tunnel */
	build_atom(&b, 0, 26, 4, UINT32_MAX, 0x0a070002);
	f = mirror(&b);
	CU_ASSERT_EQUAL(f.nnodes, 3);
}

/* (icmp type 8 or udp) and host: one way of a dropped test leads on too. */
static void
test_dropped_test_goes_either_way(void)
{
	static struct build b;
	struct dpf_filter f;

	build_open(&b);
	build_node(&b, DPF_EQ, 0, 12, 2, 0xffff, 0x0800, 1, DPF_REJECT);
	build_node(&b, DPF_GT, 0, 22, 1, 0xff, 9, 2, 3);
	build_node(&b, DPF_EQ, 0, 23, 1, 0xff, 17, DPF_ACCEPT, DPF_REJECT);
	build_node(&b, DPF_EQ, 0, 23, 1, 0xff, 6, DPF_ACCEPT, DPF_REJECT);
	f = mirror(&b);
	CU_ASSERT_EQUAL_FATAL(f.nnodes, 5);
	CU_ASSERT(is_test(&f, 3, 0, 23, 1, 0xff, 6));
	CU_ASSERT(is_test(&f, 4, 0, 23, 1, 0xff, 17));
	CU_ASSERT_EQUAL(f.nodes[3].yes, DPF_ACCEPT);
	CU_ASSERT_EQUAL(f.nodes[3].no, 4);
}

static void
test_constants(void)
{
	static struct build b;
	struct dpf_filter f;

	build_open(&b);
	b.head.root = DPF_ACCEPT;
	f = mirror(&b);
	CU_ASSERT(demands_source(&f));
	CU_ASSERT_EQUAL(f.nnodes, 2);
	b.head.root = DPF_REJECT;
	f = mirror(&b);
	CU_ASSERT_EQUAL(f.nnodes, 0);
	CU_ASSERT_EQUAL(f.root, DPF_REJECT);
}

static void
test_too_little_memory_is_said(void)
{
	static struct build b;
	struct dpf_filter f;
	int whole = 0;

	build_open(&b);
	build_atom(&b, 0, 12, 2, 0xffff, 0x0800);
	build_atom(&b, 0, 23, 1, 0xff, 17);
	CU_ASSERT_FATAL(dpf_parse(&b, build_bytes(&b), &f) > 0);
	for (size_t bytes = 0; bytes <= sizeof(scratch); bytes += 64) {
		void *mem = malloc(bytes + 1);
		int got;

		CU_ASSERT_FATAL(mem != NULL);
		got = dpf_mirror(&f, mac, mem, bytes, blob, sizeof(blob));
		CU_ASSERT(got == SP_ENOMEM || got > 0);
		CU_ASSERT(whole <= 0 || got == whole);
		whole = got;
		free(mem);
	}
	CU_ASSERT_FATAL(whole > 0);
	for (size_t room = 0; room < (size_t)whole; room++)
		CU_ASSERT_EQUAL(dpf_mirror(&f, mac, scratch, sizeof(scratch),
					blob, room),
			SP_ENOMEM);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("mirror", NULL, NULL);
	CU_ADD_TEST(s, test_ports_and_addresses_change_sides);
	CU_ADD_TEST(s, test_arp_and_ipv6_change_sides);
	CU_ADD_TEST(s, test_what_names_no_end_is_dropped);
	CU_ADD_TEST(s, test_addresses_need_their_protocol);
	CU_ADD_TEST(s, test_dropped_test_goes_either_way);
	CU_ADD_TEST(s, test_constants);
	CU_ADD_TEST(s, test_too_little_memory_is_said);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}
