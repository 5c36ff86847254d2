/*
 * test_pcap_residual.c - what no test of a field can say is exact as well.
 *
 * Next: residual_cases.h for programs that libpcap does not write.
 * LIBS: -lpcap
 */
#include "pcap_subject.h"

struct partial {
	const char *text, *says;
};

/* The graphs of these say a part of it. */
static const struct partial residual[] = {
	{ "ip[12:4] = ip[16:4]", "two fields" },
	{ "tcp[0:2] = tcp[2:2]", "two fields" },
	{ "tcp[0:2] > tcp[2:2]", "two fields" },
	{ "ip[2:2] - ((ip[0] & 0xf) << 2) > 20", "two fields" },
	{ "udp[0] + udp[1] = 7", "adds two fields" },
	{ "udp[0] & udp[1] != 0", "two fields" },
	{ "udp[0] | udp[1] != 0", "two fields" },
	{ "udp[0] * 3 = 21", "power of 2" },
	{ "udp[0] / 3 = 7", "power of 2" },
	{ "udp[0] % 3 = 1", "power of 2" },
	{ "(udp[0] + 1) & 6 = 2", "sum" },
	{ "(udp[0] + 1) >> 1 = 2", "sum" },
	{ "5 - udp[0] = 2", "from a constant" },
	{ "1 << udp[0] = 4", "two fields" },
	{ "udp[0] ^ 3 = 4", "inverts" },
	{ "- udp[0] = 4", "negates" },
	{ "ether[len - 1] = 0", "length" },
	{ "ether[ether[14] + ether[15]] = 0", "adds two fields" },
	{ "ether[5000] = 0", "longest frame" },
	{ "ip[8] > udp[0] / ip[9]", "two fields" },
	{ "ether[ip[1]] = ip[8] + 3", "two fields" },
	{ "udp and (ip[8] = ip[9] or ip[8] = 64 - ip[9])", "two fields" },
	{ "tcp[((tcp[12] & 0xf0) >> 2) + tcp[0]] = 1", "adds two fields" },
	{ "len - ip[2:2] = 14", "two fields" },
	{ "not ip[12:4] = ip[16:4]", "two fields" },
	{ "arp or udp[0:2] = udp[2:2]", "two fields" },
};

/* What is lost is said, and the rest still narrows the graph down. */
static void
test_what_is_no_atom_is_residual(void)
{
	struct rng r = { 1234567891u };
	unsigned hit = 0;

	for (size_t i = 0; i < ARRAY_LEN(residual); i++) {
		struct subject s;
		unsigned accepted = 0;

		subject_open(residual[i].text, &s);
		CU_ASSERT_FATAL(s.got > 0);
		CU_ASSERT_EQUAL(s.filter.nresidual, s.bpf.bf_len);
		CU_ASSERT(s.filter.nnodes > 0);
		CU_ASSERT_FATAL(s.why.text != NULL);
		if (strstr(s.why.text, residual[i].says) == NULL)
			printf("\n    %s: %s", residual[i].text, s.why.text);
		CU_ASSERT(strstr(s.why.text, residual[i].says) != NULL);
		CU_ASSERT_EQUAL(differences(&s, &r, &accepted), 0);
		hit += accepted != 0;
		pcap_freecode(&s.bpf);
	}
	printf("%u expressions, %u accept something ",
		(unsigned)ARRAY_LEN(residual), hit);
	CU_ASSERT(hit > ARRAY_LEN(residual) / 2);
}

/* --- relations ---------------------------------------------------------------- */

struct pair {
	const char *a, *b;
	int relation;
};

static const struct pair pairs[] = {
	/* residuals take frames away; nothing else is known of them */
	{ "udp dst port 7 and udp[0:2] = udp[2:2]", "udp dst port 7",
		DPF_INSIDE },
	{ "udp dst port 7 and udp[0:2] != udp[2:2]", "udp dst port 7",
		DPF_INSIDE },
	{ "udp dst port 7", "udp dst port 7 and udp[0:2] = udp[2:2]",
		DPF_CONTAINS },
	{ "tcp[0:2] > tcp[2:2]", "udp", DPF_DISJOINT },
	{ "ip[12:4] = ip[16:4]", "ip[12:4] = ip[16:4]", DPF_EQUAL },
	{ "ip[12:4] = ip[16:4]", "ip[16:4] = ip[12:4]", DPF_UNDECIDED },
	{ "udp and ip[12:4] = ip[16:4]", "ip[12:4] = ip[16:4]", DPF_UNDECIDED },
	{ "ip[12:4] = ip[16:4]", "host 10.7.0.2", DPF_OVERLAPS },
	{ "tcp[0:2] > tcp[2:2]", "tcp dst port 80", DPF_OVERLAPS },
	{ "udp[4:2] % 3 = 1", "udp dst port 7", DPF_OVERLAPS },
	{ "udp[4:2] % 3 = 1", "udp[4:2] % 3 = 2", DPF_UNDECIDED },
	{ "udp[4:2] % 3 = 1", "udp[4:2] % 5 = 2", DPF_OVERLAPS },
	{ "ip[2:2] / ip[8] = 1", "udp dst port 7", DPF_OVERLAPS },
	{ "ether[len - 1] = 7", "udp port 7", DPF_OVERLAPS },
};

/* Lift A and B; the blob of A goes to FIRST. */
static void
open_pair(const char *ta, const char *tb, uint8_t *first, struct subject *a,
	struct subject *b)
{
	subject_open(ta, a);
	CU_ASSERT_FATAL(a->got > 0);
	memcpy(first, blob, (size_t)a->got);
	CU_ASSERT(dpf_parse(first, (size_t)a->got, &a->filter) > 0);
	subject_open(tb, b);
	CU_ASSERT_FATAL(b->got > 0);
}

static int
relate(const struct subject *a, const struct subject *b, struct dpf_example *ex)
{
	static _Alignas(8) uint8_t scratch[65536];
	int is = dpf_relate(
		&a->filter, &b->filter, scratch, sizeof(scratch), 20000, ex);

	CU_ASSERT(ex->len == 0 ||
		  (dpf_interp(&a->filter, ex->frame, ex->len, ex->len) &&
			  dpf_interp(&b->filter, ex->frame, ex->len, ex->len)));
	return is;
}

static void
test_pairs_are_decided_with_examples(void)
{
	static uint8_t first[DPF_BLOB_MAX];
	static struct dpf_example ex;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct subject a, b;
		int is;

		open_pair(pairs[i].a, pairs[i].b, first, &a, &b);
		is = relate(&a, &b, &ex);
		if (is != pairs[i].relation)
			printf("\n    %d: %s | %s", is, pairs[i].a, pairs[i].b);
		CU_ASSERT_EQUAL(is, pairs[i].relation);
		CU_ASSERT(ex.len > 0 || is == DPF_DISJOINT ||
			  is == DPF_UNDECIDED);
		pcap_freecode(&a.bpf);
		pcap_freecode(&b.bpf);
	}
}

static const char *const plain[] = { "udp dst port 7", "udp", "not udp",
	"tcp port 80", "host 10.7.0.2", "ip", "arp", "len > 100",
	"ip6 and tcp dst port 80" };

/* What is said of A and B must be true of every frame. */
static unsigned
wrong_relations(const struct subject *a, const struct subject *b, int relation,
	struct rng *r)
{
	static struct aim aims[2][MAX_AIMS];
	static uint8_t p[FRAME_ROOM];
	size_t n[2] = { aims_find((const struct dpf_bpf *)a->bpf.bf_insns,
				a->bpf.bf_len, aims[0]),
		aims_find((const struct dpf_bpf *)b->bpf.bf_insns,
			b->bpf.bf_len, aims[1]) };
	unsigned wrong = 0;

	for (unsigned i = 0; i < FRAMES / 4; i++) {
		size_t len = frame_make(r, p);
		bool in_a, in_b;

		frame_aim(r, aims[i % 2], n[i % 2], p);
		in_a = dpf_interp(&a->filter, p, len, len);
		in_b = dpf_interp(&b->filter, p, len, len);
		wrong += relation == DPF_DISJOINT && in_a && in_b;
		wrong += relation == DPF_EQUAL && in_a != in_b;
		wrong += relation == DPF_INSIDE && in_a && !in_b;
		wrong += relation == DPF_CONTAINS && in_b && !in_a;
	}
	return wrong;
}

static void
test_relations_of_residuals_hold(void)
{
	static uint8_t first[DPF_BLOB_MAX];
	static struct dpf_example ex;
	struct rng r = { 362436069u };
	size_t known = ARRAY_LEN(residual), all = known + ARRAY_LEN(plain);
	unsigned decided = 0, examples = 0, n = 0;

	for (size_t i = 0; i < known * all; i += 3, n++) {
		struct subject a, b;
		int is;

		open_pair(residual[i / all].text,
			i % all < known ? residual[i % all].text
					: plain[i % all - known],
			first, &a, &b);
		is = relate(&a, &b, &ex);
		CU_ASSERT_EQUAL(wrong_relations(&a, &b, is, &r), 0);
		decided += is != DPF_UNDECIDED;
		examples += ex.len > 0;
		pcap_freecode(&a.bpf);
		pcap_freecode(&b.bpf);
	}
	printf("%u pairs, %u decided, %u examples ", n, decided, examples);
	CU_ASSERT(decided > n / 3);
	CU_ASSERT(examples > n / 4);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("pcap residuals", NULL, NULL);
	CU_ADD_TEST(s, test_what_is_no_atom_is_residual);
	CU_ADD_TEST(s, test_pairs_are_decided_with_examples);
	CU_ADD_TEST(s, test_relations_of_residuals_hold);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}
