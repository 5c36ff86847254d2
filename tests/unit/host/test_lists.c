/*
 * test_lists.c - long disjunctions: exact at every length, and quick.
 *
 * Hosts, ports, nets and what people combine them to, in sets of both kinds,
 * against bpf_filter(); and how many instructions a frame takes at most.
 * LIBS: -lpcap
 */
#include "tests/unit/run_sim.h"

#include "tests/unit/dpf_frames.h"

#include <CUnit/Basic.h>
#include <pcap/pcap.h>

enum {
	ARENA_BYTES = 4 << 20,
	CODE_WORDS = 1 << 16,
	SCRATCH_BYTES = 32 << 20,
	FRAMES = 600,
	QUICK = 300,
	TEXT_BYTES = 1 << 16,
};

/* BEFORE, then N terms made by TERM with OR between them, then AFTER. */
struct list {
	const char *before, * or, *after;
	unsigned n;
	size_t (*term)(char *text, size_t room, unsigned i);
	unsigned most; /* instructions */
};

static uint64_t arena[ARENA_BYTES / 8], scratch[SCRATCH_BYTES / 8];
static uint32_t code[CODE_WORDS];
static uint16_t longest[CODE_WORDS];
static uint32_t blob[DPF_BLOB_MAX / 4];

static uint32_t
spread(unsigned i)
{
	return (i + 1) * 0x9e3779b1u;
}

static size_t
host(char *text, size_t room, unsigned i)
{
	uint32_t a = spread(i);

	return (size_t)snprintf(text, room, "host %u.%u.%u.%u", a >> 25 | 1,
		a >> 16 & 0xff, a >> 8 & 0xff, i & 0xff);
}

static size_t
src_host(char *text, size_t room, unsigned i)
{
	return (size_t)snprintf(
		text, room, "src host 10.7.%u.%u", i / 50, i % 256);
}

static size_t
net(char *text, size_t room, unsigned i)
{
	unsigned bits = i % 3 == 0 ? 24 : i % 3 == 1 ? 16 : 20;
	uint32_t a = (spread(i) | 0x01000000u) & 0xffffffffu << (32 - bits);

	return (size_t)snprintf(text, room, "net %u.%u.%u.%u/%u", a >> 24,
		a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff, bits);
}

static size_t
port(char *text, size_t room, unsigned i)
{
	return (size_t)snprintf(text, room, "port %u", 1 + i * 61 % 65535);
}

static size_t
tcp_dst_port(char *text, size_t room, unsigned i)
{
	return (size_t)snprintf(text, room, "tcp dst port %u", 5000 + i);
}

static size_t
ether_host(char *text, size_t room, unsigned i)
{
	return (size_t)snprintf(text, room, "ether host 52:54:00:12:%02x:%02x",
		i * 7 & 0xff, i);
}

static size_t
ip6_host(char *text, size_t room, unsigned i)
{
	return (size_t)snprintf(text, room, "host 2001:db8::%x:%x", i % 7, i);
}

static size_t
ttl(char *text, size_t room, unsigned i)
{
	return (size_t)snprintf(text, room, "ip[8] & 0x7f = %u", i);
}

static size_t
either(char *text, size_t room, unsigned i)
{
	return i % 2 ? port(text, room, i) : host(text, room, i);
}

static size_t
length(char *text, size_t room, unsigned i)
{
	return (size_t)snprintf(text, room, "len = %u", 60 + 3 * i);
}

static const struct list lists[] = {
	{ "", " or ", "", 150, host, QUICK },
	{ "", " or ", "", 200, src_host, QUICK },
	{ "", " or ", "", 150, net, QUICK },
	{ "", " or ", "", 150, port, QUICK },
	{ "", " or ", "", 150, tcp_dst_port, QUICK },
	{ "", " or ", "", 100, ether_host, 1200 },
	{ "", " or ", "", 40, ip6_host, QUICK },
	{ "", " or ", "", 100, ttl, QUICK },
	{ "", " or ", "", 100, either, 1200 },
	{ "udp and (", " or ", ")", 200, length, QUICK },
	{ "not (", " or ", ")", 150, host, QUICK },
	{ "tcp and not (", " or ", ")", 150, port, QUICK },
	{ "vlan and (", " or ", ")", 200, host, QUICK },
	{ "(tcp or udp) and (", " or ", ") and not port 80", 200, src_host,
		QUICK },
};

static void
list_text(const struct list *l, char *text)
{
	size_t n = (size_t)snprintf(text, TEXT_BYTES, "%s", l->before);

	for (unsigned i = 0; i < l->n; i++) {
		if (i > 0)
			n += (size_t)snprintf(
				text + n, TEXT_BYTES - n, "%s", l->or);
		n += l->term(text + n, TEXT_BYTES - n, i);
	}
	snprintf(text + n, TEXT_BYTES - n, "%s", l->after);
}

static void
compile(const struct dpf_filter *f, enum dpf_set_kind kind, unsigned most)
{
	struct dpf_set *set;
	int n;

	CU_ASSERT_FATAL(
		dpf_set_init(arena, sizeof(arena), kind, &set) == SP_OK);
	CU_ASSERT_FATAL(dpf_set_insert(set, f, 1, 1) == SP_OK);
	n = dpf_set_emit(set, code, CODE_WORDS, run_address());
	CU_ASSERT_FATAL(n > 0);
	run_load(code, (uint32_t)n);
	n = (int)dpf_code_bound(code, (size_t)n, run_address(), longest);
	printf("%d%s", n, kind == DPF_SET_ONE ? "/" : ", ");
	CU_ASSERT(n <= (int)most);
}

/* Frames that the program looks for, whole, cut short and longer on the wire. */
static void
try_frames(const struct bpf_program *p)
{
	static uint8_t frame[FRAME_ROOM];
	static uint16_t ids[RUN_MAX_IDS];
	static struct aim aims[MAX_AIMS];
	size_t n =
		aims_find((const struct dpf_bpf *)p->bf_insns, p->bf_len, aims);
	struct rng r = { 88172645u };
	unsigned accepted = 0;

	for (unsigned i = 0; i < FRAMES; i++) {
		size_t whole = frame_make(&r, frame), len = whole;
		bool want;

		frame_aim(&r, aims, n, frame);
		if (i % 3 == 0)
			len = rng_below(&r, 64);
		want = bpf_filter(p->bf_insns, frame, (unsigned)whole,
			       (unsigned)len) != 0;
		accepted += want;
		CU_ASSERT_EQUAL_FATAL(
			run_call(frame, (uint32_t)len, (uint32_t)whole, ids),
			want);
	}
	CU_ASSERT(accepted > FRAMES / 100 && accepted < FRAMES);
}

static void
try_list(const struct list *l)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 262144);
	static char text[TEXT_BYTES];
	struct bpf_program prog;
	struct dpf_filter f;
	struct dpf_why why;
	int n;

	list_text(l, text);
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT_FATAL(
		pcap_compile(p, &prog, text, 0, PCAP_NETMASK_UNKNOWN) == 0);
	n = dpf_lift((const struct dpf_bpf *)prog.bf_insns, prog.bf_len,
		scratch, sizeof(scratch), blob, sizeof(blob), &why);
	CU_ASSERT_FATAL(n > 0);
	CU_ASSERT_FATAL(dpf_parse(blob, (size_t)n, &f) == n);
	compile(&f, DPF_SET_ONE, l->most);
	try_frames(&prog);
	compile(&f, DPF_SET_ALL, l->most);
	try_frames(&prog);
	pcap_freecode(&prog);
	pcap_close(p);
}

static void
test_long_lists_are_exact_and_quick(void)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		try_list(&lists[i]);
}

int
main(void)
{
	CU_pSuite s;
	unsigned failures;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("lists", NULL, NULL);
	CU_ADD_TEST(s, test_long_lists_are_exact_and_quick);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures != 0;
}
