/*
 * test_filter_text.c - filters as people write and read them.
 *
 * LIBS: -ljansson -lpcap
 */
#include "tests/unit/host/pcap_expressions.h"
#include "tools/advice.h"
#include "tools/atoms.h"
#include "tools/bpf_text.h"
#include "tools/frame_text.h"
#include "tools/terms.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

static void
compile(const char *text, struct expr *e)
{
	char *why = expr_try(text, e);

	CU_ASSERT_PTR_NULL_FATAL(why);
}

/* --- atoms and graphs --------------------------------------------------------- */

static bool
means_the_same(const struct expr *a, const struct expr *b)
{
	struct dpf_example ex = { .len = 0 };

	return (a->bytes == b->bytes &&
		       memcmp(a->blob, b->blob, a->bytes) == 0) ||
	       expr_relate(&a->filter, &b->filter, &ex) == DPF_EQUAL;
}

static void
check_comes_back(const struct expr *e, const char *text, const char *expr)
{
	struct expr back;
	char *why = atoms_try(text, &back);

	if (why != NULL || !means_the_same(e, &back)) {
		fprintf(stderr, "%s: %s\n%s\n", expr,
			why != NULL ? why : "another filter", text);
		CU_FAIL();
	}
	free(why);
	expr_release(&back);
}

static void
test_what_is_printed_is_read_back_as_the_same_filter(void)
{
	enum { PATHS = 3000 };

	for (size_t i = 0; i < ARRAY_LEN(expressions); i++) {
		struct expr e;
		char *text;
		size_t n;
		FILE *out;

		compile(expressions[i], &e);
		if (filter_paths(&e.filter, PATHS + 1) <= PATHS) {
			text = filter_text(&e.filter, PATHS);
			check_comes_back(&e, text, expressions[i]);
			free(text);
			out = open_memstream(&text, &n);
			filter_print_atoms(&e.filter, PATHS, out);
			fclose(out);
			check_comes_back(&e, text, expressions[i]);
			free(text);
		}
		out = open_memstream(&text, &n);
		filter_print_graph(&e.filter, out);
		fclose(out);
		check_comes_back(&e, text, expressions[i]);
		free(text);
		expr_release(&e);
	}
}

static void
test_atoms_mean_what_they_say(void)
{
	static const struct {
		const char *atoms, *expr;
	} cases[] = {
		{ "(12:16 == 0x800)", "ip" },
		{ "(12:16 != 0x800) && (12:16 exists)", "not ip" },
		{ "(12:16 == 0x800) && (23:8 in {6, 17})",
			"ip and (ip[9] = 6 or ip[9] = 17)" },
		{ "(23:8 not in {6, 0x11}) && (12:16 == 2048)",
			"ip and ip[9] != 6 and ip[9] != 17" },
		{ "(len >= 100) && (len < 200)", "len >= 100 and len < 200" },
		{ "(len <= 100)", "len <= 100" },
		{ "((0:8 & 1) == 1)", "ether[0] & 1 = 1" },
		{ "(12:16 == 0x0800)&&(shift((14:8&0xf)<<2)+14:16>1023)",
			"ip and ether[14 + ((ip[0] & 0xf) << 2):2] > 1023" },
		{ "true", "" },
		{ "false", "tcp and udp" },
		{ "(12:16 == 0x800) || (12:16 == 0x806)\n(12:16 == 0x86dd)",
			"ip or arp or ip6" },
		{ "n0: 12:16 == 0x800 ? accept : n1\n"
		  "n1: 12:16 <= 0x600 ? accept : reject\n",
			"ip or ether[12:2] <= 0x600" },
		{ "accept", "" },
		{ " reject ", "tcp and udp" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct expr want;

		compile(cases[i].expr, &want);
		check_comes_back(&want, cases[i].atoms, cases[i].expr);
		expr_release(&want);
	}
}

static void
test_what_is_no_atom_is_refused_at_its_place(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "expected ( at the end" },
		{ "ip", "expected ( at 'ip'" },
		{ "(12:16 = 5)", "expected ==" },
		{ "(12:16 == 5", "expected ) at the end" },
		{ "(12:16 == 5) &&", "expected ( at the end" },
		{ "(12:16 == 5) and (3:8 == 1)", "unexpected text at 'and" },
		{ "(12:17 == 5)", "8, 16 or 32 bits" },
		{ "(2046:8 == 5)", "offset" },
		{ "(2045:16 == 5)", "ends behind byte 2045" },
		{ "(12:16 == 4294967296)", "expected a number" },
		{ "(12:16 == 0x1g)", "expected a number" },
		{ "((12:16 & ) == 1)", "expected a mask" },
		{ "(23:8 in {})", "expected a number" },
		{ "(23:8 not 6)", "expected in" },
		{ "(len exists)", "says nothing" },
		{ "(shift((14:8 & 0xf) << 32)+16:16 == 7)", "0..31" },
		{ "(shift(14:8 << 2)+16:16 == 7)", "expected (" },
		{ "(0:8 == 1) || ...", "not the whole filter" },
		{ "n0: 0:8 == 1 ? n0 : accept", "leads back" },
		{ "n0: 0:8 == 1 ? n1 : accept", "is missing" },
		{ "n1: 0:8 == 1 ? accept : reject", "in order" },
		{ "n0: 0:8 == 1 ? maybe : reject", "accept, reject or a node" },
		{ "accept accept", "unexpected text" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct expr e;
		char *why = atoms_try(cases[i].text, &e);

		if (why == NULL || strstr(why, cases[i].says) == NULL) {
			fprintf(stderr, "'%s': '%s'\n", cases[i].text, why);
			CU_FAIL();
		}
		free(why);
		expr_release(&e);
	}
}

static void
test_every_cut_and_flip_of_atoms_is_survived(void)
{
	static const char good[] =
		"(12:16 == 0x800) && (shift((14:8 & 0xf) << 2)+16:16 in {7, 9})"
		" || ((23:8 & 0xc0) != 0) && (len > 100)";
	char text[sizeof(good)];

	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (size_t k = 0; k < 4; k++) {
			struct expr e;

			memcpy(text, good, sizeof(good));
			text[i] = "\0(9n"[k];
			free(atoms_try(text, &e));
			expr_release(&e);
		}
	}
}

/* --- classic BPF as text ----------------------------------------------------------- */

static enum status
read_bpf(const char *text, struct expr *out)
{
	static const struct command cmd = { .group = "test" };
	const struct args a = { .cmd = &cmd };
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	enum status st;

	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	st = bpf_text_read(&a, in, "text", out);
	fclose(in);
	return st;
}

static void
test_programs_are_read_as_tcpdump_writes_them(void)
{
	static const char c_form[] = "{ 0x28, 0, 0, 0x0000000c },\n"
				     "{ 0x15, 0, 1, 0x00000800 },\n"
				     "{ 0x6, 0, 0, 0x00040000 },\n"
				     "{ 0x6, 0, 0, 0x00000000 },\n";
	struct expr e, back;
	size_t n;

	compile("ip", &e);
	CU_ASSERT_EQUAL_FATAL(read_bpf(c_form, &back), STATUS_OK);
	CU_ASSERT_TRUE(means_the_same(&e, &back));
	expr_release(&back);
	expr_release(&e);
	for (size_t i = 0; i < ARRAY_LEN(expressions); i++) {
		char *text;
		FILE *out = open_memstream(&text, &n);

		compile(expressions[i], &e);
		fputs("# what follows is a program\n\n", out);
		bpf_text_print(e.prog.bf_insns, e.prog.bf_len, out);
		fclose(out);
		CU_ASSERT_EQUAL_FATAL(read_bpf(text, &back), STATUS_OK);
		CU_ASSERT_EQUAL(e.bytes, back.bytes);
		CU_ASSERT_EQUAL(memcmp(e.blob, back.blob, e.bytes), 0);
		free(text);
		expr_release(&back);
		expr_release(&e);
	}
}

/* --- warnings ----------------------------------------------------------------------- */

/* The kinds of all warnings about TEXT, one blank behind each. */
static char *
kinds(const char *text, struct advices *all)
{
	char *list = xformat("%s", ""), *more;
	struct expr e;

	compile(text, &e);
	advices_of(&e, all);
	for (size_t i = 0; i < all->n; i++) {
		more = xformat("%s%s ", list, all->v[i].kind);
		free(list);
		list = more;
	}
	expr_release(&e);
	return list;
}

static void
check_advice(const char *expr, const char *want, const char *cure)
{
	static struct advices all;
	char *got = kinds(expr, &all);
	const char *got_cure =
		all.n > 0 && all.v[0].cure != NULL ? all.v[0].cure : "";

	if (strcmp(got, want) != 0 || strcmp(got_cure, cure) != 0) {
		fprintf(stderr, "'%s': got '%s' cure '%s'\n", expr, got,
			got_cure);
		CU_FAIL();
	}
	free(got);
	advices_release(&all);
}

static void
test_each_warning_is_given_where_it_applies(void)
{
	static const struct {
		const char *expr, *kinds, *cure;
	} cases[] = {
		{ "vlan 5 or ip", "tag ", "ip or vlan 5" },
		{ "not vlan and ip", "tag ", "ip and not vlan" },
		{ "(vlan 5 or ip) and tcp", "tag ", "tcp and (ip or vlan 5)" },
		{ "tcp and (vlan 5 or ip)", "tag ", "tcp and (ip or vlan 5)" },
		{ "vlan 5 and tcp or arp", "tag ", "arp or (vlan 5 and tcp)" },
		{ "vlan 5 or ip or arp", "tag ", "arp or (ip or vlan 5)" },
		{ "mpls || icmp", "tag ", "icmp or mpls" },
		{ "pppoes or ip", "tag ", "ip or pppoes" },
		{ "vlan 5 or vlan 6", "tag ", "" },
		{ "tcp[13] & 2 != 0", "ipv4-only ",
			"(tcp[13] & 2 != 0 or (ip6[6] = 6 and ip6[40 + 13] & 2 "
			"!= 0))" },
		{ "not udp[8] = 1", "ipv4-only ",
			"not (udp[8] = 1 or (ip6[6] = 17 and ip6[40 + 8] = "
			"1))" },
		{ "tcp [13] = 2", "ipv4-only ", "" },
		{ "port 53", "fragments ", "" },
		{ "not udp portrange 5-9", "fragments ", "" },
		{ "arp or ip and src host 10.0.0.1", "precedence ",
			"arp or (ip and src host 10.0.0.1)" },
		{ "icmp and host 10.0.0.1 or arp and host 10.0.0.2",
			"precedence ",
			"(icmp and host 10.0.0.1) or (arp and host "
			"10.0.0.2)" },
		{ "tcp and udp", "never ", "" },
		{ "ip or not ip", "everything ", "" },
		{ "", "everything ", "" },
		{ "len > 2000", "length ", "" },
		{ "greater 1516", "length ", "" },
		{ "less 59", "length ", "" },
		{ "arp or (tcp and udp)", "redundant ", "" },
		{ "tcp or udp or ip proto 6", "redundant ", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_advice(cases[i].expr, cases[i].kinds, cases[i].cure);
}

static void
test_no_warning_is_given_where_none_applies(void)
{
	static const char *const texts[] = { "ip", "ip or vlan 5",
		"vlan 5 and ip", "vlan and (ip or arp)", "vlan and vlan 7",
		"vlan 5 or len > 100", "vlan 5 or ether src 2:0:0:0:0:1",
		"not vlan", "ip and tcp[13] = 2", "ip6 or (ip and tcp[13] = 2)",
		"src host 10.0.0.1 and udp[8] = 1", "tcp port 80",
		"ip[2:2] > 100 and icmp[0] = 8", "icmp6 and ip6[40] = 128",
		"arp and ether src 2:0:0:0:0:1 or icmp", "tcp or udp",
		"(arp or ip) and host 10.0.0.1", "less 1400", "greater 100",
		"len = 1514", "ether[0] & 1 = 1 && !arp", "host vlan or ip" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct expr e;
		char *why = expr_try(texts[i], &e);

		if (why == NULL)
			check_advice(texts[i], "", "");
		free(why);
		expr_release(&e);
	}
}

static void
test_cures_are_expressions_that_need_none_of_their_kind(void)
{
	static const char *const texts[] = { "vlan 5 or ip or arp",
		"tcp and (vlan 5 or ip)", "not vlan and ip and tcp",
		"arp or ip and src host 10.0.0.1",
		"icmp or arp and ip or igmp and ip multicast" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		static struct advices all, again;

		free(kinds(texts[i], &all));
		CU_ASSERT_FATAL(all.n > 0 && all.v[0].cure != NULL);
		free(kinds(all.v[0].cure, &again));
		for (size_t m = 0; m < again.n; m++)
			CU_ASSERT_STRING_NOT_EQUAL(
				again.v[m].kind, all.v[0].kind);
		advices_release(&again);
		advices_release(&all);
	}
}

static void
test_examples_are_frames_that_are_not_matched(void)
{
	static const char *const texts[] = { "vlan 5 or ip", "mpls or icmp",
		"(vlan 5 or ip) and tcp" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		static struct advices all;
		const struct dpf_example *ex = &all.v[0].example;
		struct expr e, cured;

		compile(texts[i], &e);
		advices_of(&e, &all);
		CU_ASSERT_FATAL(all.n > 0 && ex->len > 0);
		compile(all.v[0].cure, &cured);
		CU_ASSERT_FALSE(
			dpf_interp(&e.filter, ex->frame, ex->len, ex->len));
		CU_ASSERT_TRUE(
			dpf_interp(&cured.filter, ex->frame, ex->len, ex->len));
		advices_release(&all);
		expr_release(&e);
		expr_release(&cured);
	}
}

static void
test_terms_survive_any_text(void)
{
	static const char alphabet[] = "()[]!&|=<> \tandornotvlan5,:\\";
	struct terms *t = xalloc(sizeof(*t));
	char text[400];
	uint32_t seed = 1;

	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)i % (sizeof(text) - 1);

		for (size_t k = 0; k < n; k++) {
			seed = seed * 1103515245 + 12345;
			text[k] =
				alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		text[n] = '\0';
		if (terms_read(text, t))
			free(terms_and_first(t));
		free(terms_tags_last(text));
	}
	free(t);
}

/* --- frames --------------------------------------------------------------------------- */

static void
test_frames_are_said_in_words_and_never_read_past_their_end(void)
{
	static const uint8_t udp[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
		0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 7, 0, 1, 10, 7, 0,
		2, 0x9c, 0x40, 0, 7, 0, 8, 0, 0 };
	char *text;
	size_t n;
	FILE *out;

	for (size_t len = 0; len <= sizeof(udp); len++) {
		uint8_t *copy = malloc(len);

		memcpy(copy, udp, len);
		out = open_memstream(&text, &n);
		frame_words(copy, len, out);
		fclose(out);
		if (len == sizeof(udp))
			CU_ASSERT_STRING_EQUAL(text,
				"42 bytes, IPv4 UDP 10.7.0.1:40000 > "
				"10.7.0.2:7");
		free(text);
		free(copy);
	}
}

int
main(void)
{
	CU_pSuite s;
	unsigned failed;

	CU_initialize_registry();
	s = CU_add_suite("filter text", NULL, NULL);
	CU_ADD_TEST(s, test_what_is_printed_is_read_back_as_the_same_filter);
	CU_ADD_TEST(s, test_atoms_mean_what_they_say);
	CU_ADD_TEST(s, test_what_is_no_atom_is_refused_at_its_place);
	CU_ADD_TEST(s, test_every_cut_and_flip_of_atoms_is_survived);
	CU_ADD_TEST(s, test_programs_are_read_as_tcpdump_writes_them);
	CU_ADD_TEST(s, test_each_warning_is_given_where_it_applies);
	CU_ADD_TEST(s, test_no_warning_is_given_where_none_applies);
	CU_ADD_TEST(s, test_cures_are_expressions_that_need_none_of_their_kind);
	CU_ADD_TEST(s, test_examples_are_frames_that_are_not_matched);
	CU_ADD_TEST(s, test_terms_survive_any_text);
	CU_ADD_TEST(
		s, test_frames_are_said_in_words_and_never_read_past_their_end);
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failed != 0;
}
