/*
 * test_pcap.c - what libpcap compiles, lifted, means what libpcap says.
 *
 * Expressions are compiled without the optimizer (it miscompiles some), lifted
 * and held against bpf_filter() on aimed frames at every short length.
 * LIBS: -lpcap
 */
#include "../dpf_frames.h"

#include <CUnit/Basic.h>
#include <pcap/pcap.h>
#include <stdio.h>

enum { SCRATCH = 16 << 20, FRAMES = 500, SWEPT = 12, LENGTHS = 80 };

_Static_assert(
	sizeof(struct bpf_insn) == sizeof(struct dpf_bpf) &&
		offsetof(struct bpf_insn, jf) == offsetof(struct dpf_bpf, jf) &&
		offsetof(struct bpf_insn, k) == offsetof(struct dpf_bpf, k),
	"dpf_lift() takes libpcap's instructions");

/* Each must be lifted. */
static const char *const expressions[] = {
	"udp dst port 7",
	"udp src port 53",
	"udp port 53",
	"tcp port 80",
	"port 53",
	"not port 22",
	"src port 443",
	"dst port 443",
	"sctp port 5672",
	"udp",
	"tcp",
	"icmp",
	"icmp6",
	"ip",
	"ip6",
	"arp",
	"rarp",
	"sctp",
	"igmp",
	"igrp",
	"pim",
	"vrrp",
	"ah",
	"esp",
	"ip proto 2",
	"ip proto 47",
	"ip proto \\tcp",
	"ip6 proto 17",
	"ip6 proto 44",
	"proto 6",
	"ether proto 0x88cc",
	"ether proto 0x0800",
	"ether proto \\ip6",
	"ether proto \\stp",
	"ether proto 46",
	"ether proto \\aarp",
	"ether proto \\atalk",
	"ether dst ff:ff:ff:ff:ff:ff",
	"ether src 02:00:00:00:00:01",
	"ether host 52:54:00:12:34:56",
	"not ether host 52:54:00:12:34:56",
	"ether broadcast",
	"ether multicast",
	"ether multicast and not ether broadcast",
	"ip multicast",
	"ip6 multicast",
	"broadcast or multicast",
	"host 10.7.0.2",
	"src host 10.7.0.2",
	"dst host 10.7.0.2",
	"src and dst host 10.7.0.1",
	"not host 10.7.0.2",
	"ip host 192.168.1.1",
	"ip src 192.168.1.1 and ip dst 10.7.0.2",
	"arp host 10.7.0.1",
	"arp src host 10.7.0.1",
	"arp dst host 10.7.0.2",
	"rarp dst host 10.7.0.2",
	"host 10.7.0.1 and not host 10.7.0.2",
	"host 10.7.0.1 or host 192.168.1.1",
	"host 2001:db8::2",
	"ip6 host fe80::1",
	"src host fe80::1 and udp dst port 53",
	"ip6 net fe80::/10",
	"net 2001:db8::/33",
	"net 10.0.0.0/8",
	"net 10.7.0.0/16",
	"net 10.7.0.0/24",
	"net 10.7.0.0/23",
	"net 10.7.0.0/27",
	"net 10.7.0.2/32",
	"src net 192.168.1.0/24",
	"dst net 224.0.0.0/4",
	"not net 10.0.0.0/8",
	"not net 10.0.0.0/8 and not net 172.16.0.0/12 and not net "
	"192.168.0.0/16",
	"net 192.168.0.0 mask 255.255.0.0",
	"net 10.0.1.0 mask 255.0.1.0",
	"arp net 10.7.0.0/16",
	"src net 10.7.0.0/16 and dst net 10.7.0.0/16 and tcp",
	"net 0.0.0.0/0",
	"portrange 1-1023",
	"tcp portrange 20-24",
	"udp dst portrange 33434-33534",
	"src portrange 1024-65535",
	"portrange 53-53",
	"tcp portrange 0-65535",
	"ip6 and tcp portrange 10-500",
	"not portrange 0-1023",
	"udp port 53 or tcp port 53",
	"udp and (port 67 or port 68)",
	"tcp and (port 80 or port 443) and not host 10.7.0.2",
	"(host 10.7.0.1 or host 10.7.0.2) and (port 7 or port 53)",
	"tcp port 80 and not (src net 10.0.0.0/8 and dst net 10.0.0.0/8)",
	"arp or icmp or (udp and port 53)",
	"not arp and not icmp",
	"not (tcp or udp)",
	"tcp[13] & 2 != 0",
	"tcp[tcpflags] & (tcp-syn|tcp-ack) = (tcp-syn|tcp-ack)",
	"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
	"tcp[tcpflags] = tcp-syn",
	"tcp[tcpflags] & tcp-syn != 0 and tcp[tcpflags] & tcp-ack = 0",
	"tcp[13] > 16",
	"tcp[13] >= 16",
	"tcp[13] < 16",
	"tcp[13] <= 16",
	"tcp[13] != 16",
	"tcp[0:2] > 1023 and tcp[0:2] < 2000",
	"tcp[0:2] = 80 || tcp[2:2] = 80",
	"tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
	"tcp[(tcp[12] >> 2):4] = 0x5353482d",
	"tcp port 80 and tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420",
	"tcp[((tcp[12:1] & 0xf0) >> 2) + 2] = 0x54",
	"udp[8:4] = 0x5a5a5a5a",
	"udp[10] & 0x80 = 0",
	"udp[4:2] > 100",
	"udp[1] + 3 = 10",
	"udp[1] - 8 > 0xfffffff0",
	"udp[0:2] * 4 = 28",
	"udp[0:2] / 4 = 13",
	"udp[0:2] % 16 = 5",
	"udp[0:2] >> 3 = 6",
	"udp[0:2] << 3 > 500",
	"(udp[0:2] << 3) & 0xff = 56",
	"(udp[0:2] & 0xf) + 1 = 8",
	"udp[0:2] | 0xff00 = 0xff07",
	"icmp[icmptype] = icmp-echo",
	"icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply",
	"icmp[0] = 3 and icmp[1] = 1",
	"icmp6[icmp6type] = icmp6-echo",
	"ip[0] & 0xf > 5",
	"ip[0] & 0xf = 5",
	"ip[0] = 0x45",
	"ip[8] = 64 or ip[8] = 255",
	"ip[8] < 5",
	"ip[1] & 0xfc = 0xb8",
	"ip[6:2] & 0x1fff = 0",
	"ip[6:2] & 0x1fff != 0",
	"ip[6] & 0x20 != 0 or ip[6:2] & 0x1fff != 0",
	"ip[2:2] > 576",
	"ip[12:4] = 0x0a070001",
	"ip[16:4] & 0xffffff00 = 0x0a070000",
	"ip[(ip[0] & 0xf) * 4] = 0",
	"ip[((ip[0] & 0xf) << 2) + 2:2] = 53",
	"ip[ip[9]] = 7",
	"ip6[6] = 58 and ip6[40] >= 133 and ip6[40] <= 137",
	"ip6[6] = 6 and ip6[53] & 2 != 0",
	"ip6[40 + ((ip6[52] & 0xf0) >> 2):4] = 0x47455420",
	"ip6[7] < 10",
	"ether[0] & 1 = 0",
	"ether[0:4] = 0xffffffff",
	"ether[0:4] & 0xffffff00 = 0x52540000",
	"ether[1:4] & 0x00ffff00 = 0x00001200",
	"ether[12:2] = 0x0800 and ether[23] = 17",
	"ether[12:2] > 1500",
	"ether[6:2] = 0x0200 and ether[8] = 0",
	"ether[3] = ether[3]",
	"ether[100] = 0x5a",
	"ether[300:2] = 0x5a5a",
	"arp[6:2] = 1",
	"arp[7] & 1 != 0",
	"len > 100",
	"len <= 60",
	"len = 60",
	"len & 1 = 0",
	"greater 200",
	"less 100",
	"len > 80 and udp",
	"vlan",
	"vlan 3",
	"vlan 100 and ip",
	"vlan and udp port 53",
	"vlan and vlan",
	"vlan 3 and vlan 100 and tcp",
	"tcp port 80 or (vlan and tcp port 80)",
	"mpls",
	"mpls 3",
	"mpls and mpls",
	"mpls and ip",
	"pppoed",
	"pppoes",
	"pppoes and ip",
	"pppoes 0 and udp port 53",
	"geneve",
	"geneve and udp",
	"llc",
	"iso",
	"ipx",
	"netbeui",
	"1 = 1",
	"1 = 2",
	"1 / 2 = 1 / 3 && 1 > 4 / 5",
	"ip and 5 + 2 = 7",
	"decnet host 10.23",
};

struct refused {
	const char *text, *says;
};

static const struct refused refused[] = {
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
	{ "ip protochain 17", "backward" },
	{ "ip6 protochain 17", "backward" },
};

static _Alignas(8) uint8_t blob[DPF_BLOB_MAX];

struct subject {
	struct bpf_program bpf;
	struct dpf_filter filter;
	struct dpf_why why;
	int got; /* what dpf_lift() returned */
};

static void
subject_open(const char *text, struct subject *s)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 262144);
	void *scratch = malloc(SCRATCH);
	int err;

	CU_ASSERT_FATAL(p != NULL && scratch != NULL);
	err = pcap_compile(p, &s->bpf, text, 0, PCAP_NETMASK_UNKNOWN);
	if (err != 0)
		printf("\n    %s: %s", text, pcap_geterr(p));
	CU_ASSERT_EQUAL_FATAL(err, 0);
	pcap_close(p);
	s->got = dpf_lift((const struct dpf_bpf *)s->bpf.bf_insns,
		s->bpf.bf_len, scratch, SCRATCH, blob, sizeof(blob), &s->why);
	free(scratch);
	if (s->got > 0)
		CU_ASSERT_EQUAL(
			dpf_parse(blob, (size_t)s->got, &s->filter), s->got);
}

/* LEN bytes of FRAME lie at the end of ROOM, so a read behind them is seen. */
static bool
differs(const struct subject *s, const uint8_t *frame, size_t len, size_t whole,
	uint8_t *room, bool *want)
{
	const struct dpf_bpf *prog = (const struct dpf_bpf *)s->bpf.bf_insns;
	uint8_t *p = room + FRAME_ROOM - len;

	memcpy(p, frame, len);
	*want = bpf_filter(s->bpf.bf_insns, p, (unsigned)whole,
			(unsigned)len) != 0;
	return dpf_interp(&s->filter, p, len, whole) != *want ||
	       bpf_accepts(prog, p, len, whole) != *want;
}

static unsigned
differences(const struct subject *s, struct rng *r, unsigned *accepted)
{
	static struct aim aims[MAX_AIMS];
	static uint8_t frame[FRAME_ROOM];
	size_t naims = aims_find(
		(const struct dpf_bpf *)s->bpf.bf_insns, s->bpf.bf_len, aims);
	uint8_t *room = malloc(FRAME_ROOM);
	unsigned wrong = 0;

	CU_ASSERT_FATAL(room != NULL);
	for (unsigned i = 0, swept = 0; i < FRAMES; i++) {
		size_t whole = frame_make(r, frame);
		bool yes;

		if (i % 3 != 0)
			frame_aim(r, aims, naims, frame);
		wrong += differs(s, frame, whole, whole, room, &yes);
		*accepted += yes;
		/* Frames that get far are worth every length. */
		if (swept == SWEPT || (!yes && i % 100 != 0))
			continue;
		swept++;
		for (size_t len = 0; len <= LENGTHS; len++)
			wrong += differs(s, frame, len, whole, room, &yes);
	}
	free(room);
	return wrong;
}

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
test_what_is_no_atom_is_refused_with_a_reason(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct subject s;

		subject_open(refused[i].text, &s);
		if (s.got != SP_EUNSUPPORTED ||
			strstr(s.why.text, refused[i].says) == NULL)
			printf("\n    %s: %d %s", refused[i].text, s.got,
				s.why.text);
		CU_ASSERT_EQUAL_FATAL(s.got, SP_EUNSUPPORTED);
		CU_ASSERT(strstr(s.why.text, refused[i].says) != NULL);
		CU_ASSERT(s.why.pc < s.bpf.bf_len);
		pcap_freecode(&s.bpf);
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
	CU_ADD_TEST(s, test_what_is_no_atom_is_refused_with_a_reason);
	CU_ADD_TEST(s, test_spellings_make_equal_blobs);
	CU_ADD_TEST(s, test_a_hundred_hosts_and_ports_stay_small);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}
