/*
 * test_pcap.c - what libpcap compiles, lifted, means what libpcap says.
 *
 * Expressions are compiled without the optimizer (it miscompiles some), lifted
 * and held against bpf_filter() on aimed frames at every short length.
 * LIBS: -lpcap
 */
#include "pcap_expressions.h"
#include "pcap_subject.h"

struct refused {
	const char *text, *says;
};

static const struct refused refused[] = {
	{ "ip protochain 17", "backward" },
	{ "ip6 protochain 17", "backward" },
};

static void
test_expressions_mean_what_libpcap_says(void)
{
	struct rng r = { 1234567891u };
	unsigned hit = 0;

	for (size_t i = 0; i < ARRAY_LEN(expressions); i++) {
		struct subject s;
		unsigned accepted = 0, wrong;

		subject_open(expressions[i], &s);
		if (s.got < 0)
			printf("\n    refused: %s: %s", expressions[i],
				s.why.text);
		CU_ASSERT_FATAL(s.got > 0);
		CU_ASSERT_EQUAL(s.filter.nresidual, 0);
		wrong = differences(&s, &r, &accepted);
		if (wrong != 0)
			printf("\n    %u differ: %s", wrong, expressions[i]);
		CU_ASSERT_EQUAL(wrong, 0);
		hit += accepted != 0;
		pcap_freecode(&s.bpf);
	}
	printf("%u expressions, %u accept something ",
		(unsigned)ARRAY_LEN(expressions), hit);
	CU_ASSERT(ARRAY_LEN(expressions) >= 150);
	CU_ASSERT(hit > ARRAY_LEN(expressions) * 9 / 10);
}

static void
test_loops_are_refused_with_a_reason(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct subject s;

		subject_open(refused[i].text, &s);
		if (s.got != SP_EFORMAT ||
			strstr(s.why.text, refused[i].says) == NULL)
			printf("\n    %s: %d %s", refused[i].text, s.got,
				s.why.text);
		CU_ASSERT_EQUAL_FATAL(s.got, SP_EFORMAT);
		CU_ASSERT(strstr(s.why.text, refused[i].says) != NULL);
		CU_ASSERT(s.why.pc < s.bpf.bf_len);
		pcap_freecode(&s.bpf);
	}
}

/* --- transmit templates --------------------------------------------------------- */

static const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

/* Expressions of nothing but what a template keeps. */
static const char *const ends[] = {
	"udp dst port 7",
	"udp port 53",
	"tcp src port 80",
	"not udp dst port 53",
	"tcp portrange 20-100 or icmp",
	"host 10.7.0.2",
	"src net 10.7.0.0/16 and not dst host 192.168.1.1",
	"arp dst host 10.7.0.2",
	"arp or udp dst port 53",
	"ip6 and tcp dst port 80",
	"src host fe80::1 or dst port 443",
	"(host 10.7.0.1 or host 10.7.0.2) and (port 7 or port 53)",
	"ip proto 47",
	"vlan 3 and udp dst port 53",
	"vlan 3 and dst host 10.7.0.2",
	"not arp",
};

static void
swap_bytes(uint8_t *a, uint8_t *b, size_t n)
{
	while (n-- > 0) {
		uint8_t keep = a[n];

		a[n] = b[n];
		b[n] = keep;
	}
}

static bool
has_ports(uint8_t proto)
{
	return proto == 6 || proto == 17 || proto == 132;
}

/* Exchange the ends of frame P; false when its headers overlap. */
static bool
exchange_ends(uint8_t *p)
{
	uint8_t *ip = p + 14;

	for (unsigned tags = 0; tags < 2; tags++) {
		unsigned type = be16_get(ip - 2);

		if (type == 0x8100 || type == 0x88a8 || type == 0x9100)
			ip += 4;
	}
	switch (be16_get(ip - 2)) {
	case 0x0800:
		if ((ip[0] & 0xf) < 5)
			return false;
		swap_bytes(ip + 12, ip + 16, 4);
		if (has_ports(ip[9]) && (be16_get(ip + 6) & 0x1fff) == 0)
			swap_bytes(ip + 4 * (ip[0] & 0xf),
				ip + 4 * (ip[0] & 0xf) + 2, 2);
		break;
	case 0x86dd:
		swap_bytes(ip + 8, ip + 24, 16);
		if (has_ports(ip[6]))
			swap_bytes(ip + 40, ip + 42, 2);
		break;
	case 0x0806:
	case 0x8035:
		swap_bytes(ip + 8, ip + 18, 10);
		break;
	default:
		break;
	}
	return true;
}

/* Hold the template of S against frames; EXACT: nothing was dropped. */
static unsigned
wrong_replies(
	const struct subject *s, struct rng *r, bool exact, unsigned *replies)
{
	static _Alignas(8) uint8_t image[DPF_BLOB_MAX], scratch[1 << 20];
	static uint8_t p[FRAME_ROOM];
	static struct aim aims[MAX_AIMS];
	const struct dpf_bpf *prog = (const struct dpf_bpf *)s->bpf.bf_insns;
	size_t naims = aims_find(prog, s->bpf.bf_len, aims), len = 400;
	struct dpf_filter f = { .root = DPF_REJECT };
	unsigned wrong = 0;
	int bytes = dpf_mirror(&s->filter, mac, scratch, sizeof(scratch), image,
		sizeof(image));

	CU_ASSERT_FATAL(bytes > 0);
	CU_ASSERT_EQUAL(dpf_parse(image, (size_t)bytes, &f), bytes);
	for (unsigned i = 0; i < FRAMES; i++) {
		bool taken;

		(void)frame_make(r, p);
		frame_aim(r, aims, naims, p);
		taken = dpf_interp(&s->filter, p, len, len);
		if (!exchange_ends(p))
			continue;
		memcpy(p + 6, mac, 6);
		if (taken || exact)
			wrong += dpf_interp(&f, p, len, len) != taken;
		p[11] ^= 1;
		wrong += dpf_interp(&f, p, len, len);
		*replies += taken;
	}
	return wrong;
}

static void
test_replies_fit_the_template(void)
{
	struct rng r = { 521288629u };
	unsigned replies = 0;

	for (size_t i = 0; i < ARRAY_LEN(expressions) + ARRAY_LEN(ends); i++) {
		bool exact = i >= ARRAY_LEN(expressions);
		const char *text = exact ? ends[i - ARRAY_LEN(expressions)]
					 : expressions[i];
		struct subject s;
		unsigned wrong;

		subject_open(text, &s);
		CU_ASSERT_FATAL(s.got > 0);
		wrong = wrong_replies(&s, &r, exact, &replies);
		if (wrong != 0)
			printf("\n    %u wrong: %s", wrong, text);
		CU_ASSERT_EQUAL(wrong, 0);
		pcap_freecode(&s.bpf);
	}
	printf("%u replies ", replies);
	CU_ASSERT(replies > 5000);
}

/* --- relations -------------------------------------------------------------------- */

struct pair {
	const char *a, *b;
	int relation;
};

static const struct pair pairs[] = {
	{ "udp dst port 7", "udp dst port 8", DPF_DISJOINT },
	{ "udp dst port 7", "udp", DPF_INSIDE },
	{ "udp dst port 7", "udp port 7", DPF_INSIDE },
	{ "ip and udp dst port 7", "ip", DPF_INSIDE },
	{ "udp dst port 7", "ip", DPF_OVERLAPS },
	{ "udp dst port 7 and dst host 10.7.0.2", "udp dst port 7",
		DPF_INSIDE },
	{ "tcp", "udp", DPF_DISJOINT },
	{ "icmp", "udp", DPF_DISJOINT },
	{ "arp", "ip", DPF_DISJOINT },
	{ "ip6", "ip", DPF_DISJOINT },
	{ "ip6 and udp port 53", "ip6", DPF_INSIDE },
	{ "ip6 and udp port 53", "udp", DPF_INSIDE },
	{ "host 10.0.0.1", "udp dst port 7", DPF_OVERLAPS },
	{ "host 10.0.0.1", "net 10.0.0.0/8", DPF_INSIDE },
	{ "net 10.0.0.0/8", "net 10.1.0.0/16", DPF_CONTAINS },
	{ "net 10.0.0.0/8", "net 11.0.0.0/8", DPF_OVERLAPS },
	{ "dst net 10.0.0.0/8", "dst net 11.0.0.0/8", DPF_DISJOINT },
	{ "ether src 1:2:3:4:5:6", "udp", DPF_OVERLAPS },
	{ "udp dst portrange 10-20", "udp dst port 15", DPF_CONTAINS },
	{ "udp dst portrange 10-20", "udp dst portrange 21-30", DPF_DISJOINT },
	{ "udp dst portrange 10-20", "udp dst portrange 20-30", DPF_OVERLAPS },
	{ "portrange 10-20", "portrange 5-30", DPF_INSIDE },
	{ "tcp[13] & 2 != 0", "tcp", DPF_INSIDE },
	{ "tcp[13] & 0x12 = 2", "tcp[13] & 2 != 0", DPF_INSIDE },
	{ "tcp[13] & 0x12 = 2", "tcp[13] & 0x10 != 0", DPF_DISJOINT },
	{ "tcp port 80", "tcp port 80 and tcp[(tcp[12] >> 2):2] = 7",
		DPF_CONTAINS },
	{ "udp dst port 7", "dst port 7 and udp and udp", DPF_EQUAL },
	{ "ip[8:2] & 0xff = 17 and dst port 7", "ip and udp dst port 7",
		DPF_EQUAL },
	{ "udp[0:2] > 6 and udp[0:2] < 8", "ip and udp src port 7", DPF_EQUAL },
	{ "not udp", "udp", DPF_DISJOINT },
	{ "vlan 3", "vlan", DPF_INSIDE },
	{ "vlan", "ip", DPF_DISJOINT },
	{ "vlan 3", "vlan and udp", DPF_OVERLAPS },
	{ "len > 100", "len > 200", DPF_CONTAINS },
	{ "len > 1000", "udp", DPF_OVERLAPS },
	{ "1 = 1", "udp", DPF_CONTAINS },
	{ "1 = 2", "udp", DPF_DISJOINT },
};

static void
test_pairs_are_decided(void)
{
	static uint8_t first[DPF_BLOB_MAX];
	static _Alignas(8) uint8_t scratch[65536];
	static struct dpf_example ex;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct subject a, b;
		int r;

		subject_open(pairs[i].a, &a);
		CU_ASSERT_FATAL(a.got > 0);
		memcpy(first, blob, (size_t)a.got);
		CU_ASSERT(dpf_parse(first, (size_t)a.got, &a.filter) > 0);
		subject_open(pairs[i].b, &b);
		CU_ASSERT_FATAL(b.got > 0);
		r = dpf_relate(&a.filter, &b.filter, scratch, sizeof(scratch),
			20000, &ex);
		if (r != pairs[i].relation)
			printf("\n    %d: %s | %s", r, pairs[i].a, pairs[i].b);
		CU_ASSERT_EQUAL(r, pairs[i].relation);
		CU_ASSERT(ex.len == 0 ||
			  (dpf_interp(&a.filter, ex.frame, ex.len, ex.len) &&
				  dpf_interp(&b.filter, ex.frame, ex.len,
					  ex.len)));
		pcap_freecode(&a.bpf);
		pcap_freecode(&b.bpf);
	}
}

/* --- the same filter, however it is written ----------------------------------- */

static const char *const same[][2] = {
	{ "udp dst port 7", "udp and dst port 7" },
	{ "tcp port 80", "port 80 and tcp" },
	{ "ip[9] = 17", "ip and ether[23] = 17" },
	{ "ip[8:2] & 0xff = 17", "ip[9] = 17" },
	{ "ip[12:4] = 0x0a070001", "ip src 10.7.0.1" },
	{ "tcp[13] & 2 != 0", "tcp[tcpflags] & tcp-syn = tcp-syn" },
	{ "tcp[12:2] & 2 = 2", "tcp[13] & 2 != 0" },
	{ "ip[8] > 4", "not ip[8] <= 4 and ip" },
	{ "ip[8] >= 1", "ip[8] != 0" },
	{ "tcp[0:2] * 4 = 320", "tcp[0:2] = 80" },
	{ "udp[0] - 3 = 4", "udp[0] = 7" },
	{ "host 10.7.0.1 or host 10.7.0.1", "host 10.7.0.1" },
	{ "ip and ip and not not ip", "ip" },
	{ "arp and udp", "1 = 2" },
	{ "arp or not arp", "ether[13] = ether[13]" },
};

static void
test_spellings_make_equal_blobs(void)
{
	static uint8_t first[DPF_BLOB_MAX];

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct subject a, b;

		subject_open(same[i][0], &a);
		CU_ASSERT_FATAL(a.got > 0);
		memcpy(first, blob, (size_t)a.got);
		subject_open(same[i][1], &b);
		if (a.got != b.got || memcmp(first, blob, (size_t)a.got) != 0)
			printf("\n    %s | %s", same[i][0], same[i][1]);
		CU_ASSERT_EQUAL_FATAL(a.got, b.got);
		CU_ASSERT_EQUAL(memcmp(first, blob, (size_t)a.got), 0);
		pcap_freecode(&a.bpf);
		pcap_freecode(&b.bpf);
	}
}

/* --- size --------------------------------------------------------------------- */

static void
test_a_hundred_hosts_and_ports_stay_small(void)
{
	static char text[16384];
	struct rng r = { 362436069u };
	struct subject s;
	unsigned accepted = 0;
	size_t n = 0;

	for (unsigned i = 0; i < 200; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			i < 100 ? "%s10.7.0.%u" : "%s%u",
			i == 0    ? "(host "
			: i < 100 ? " or host "
			: i > 100 ? " or port "
				  : ") and (port ",
			i);
	snprintf(text + n, sizeof(text) - n, ")");
	subject_open(text, &s);
	CU_ASSERT_FATAL(s.got > 0);
	printf("%u instructions, %u nodes ", s.bpf.bf_len, s.filter.nnodes);
	CU_ASSERT(s.filter.nnodes < 500);
	CU_ASSERT_EQUAL(differences(&s, &r, &accepted), 0);
	CU_ASSERT(accepted > 0);
	pcap_freecode(&s.bpf);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("pcap", NULL, NULL);
	CU_ADD_TEST(s, test_expressions_mean_what_libpcap_says);
	CU_ADD_TEST(s, test_loops_are_refused_with_a_reason);
	CU_ADD_TEST(s, test_spellings_make_equal_blobs);
	CU_ADD_TEST(s, test_replies_fit_the_template);
	CU_ADD_TEST(s, test_pairs_are_decided);
	CU_ADD_TEST(s, test_a_hundred_hosts_and_ports_stay_small);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}
