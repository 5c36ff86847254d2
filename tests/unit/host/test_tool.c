/*
 * test_tool.c - the pure parts of the host command.
 *
 * LIBS: -ljansson -lpcap -lcapstone -lunicorn -lm
 */
#include "ash/host/ash_host.h"
#include "dpf/mips.h"
#include "tests/unit/dpf_frames.h"
#include "tests/unit/run_sim.h"
#include "tools/cli.h"
#include "tools/code.h"
#include "tools/ctl_frame.h"
#include "tools/expr.h"
#include "tools/probe.h"
#include "tools/seen.h"
#include "tools/stats.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- control messages ---------------------------------------------------------- */

static void
feed(struct ctl_input *in, const uint8_t *p, size_t n)
{
	size_t room;
	uint8_t *at = ctl_room(in, &room);

	CU_ASSERT_FATAL(room >= n);
	memcpy(at, p, n);
	in->n += n;
}

static void
test_a_message_comes_back_in_any_pieces(void)
{
	static struct ctl_input in;
	static uint8_t msg[CTL_MESSAGE_MAX];
	struct ctl_message out;
	uint8_t payload[300];

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= sizeof(payload); n += 50) {
		size_t len = ctl_pack(AG_INFO, 513, payload, n, msg);

		CU_ASSERT_EQUAL(len, AG_HEAD + n + CTL_CRC);
		memset(&in, 0, sizeof(in));
		for (size_t i = 0; i < len; i++) {
			CU_ASSERT_FALSE(ctl_next(&in, &out));
			feed(&in, msg + i, 1);
		}
		CU_ASSERT_TRUE_FATAL(ctl_next(&in, &out));
		CU_ASSERT_EQUAL(out.op, AG_INFO);
		CU_ASSERT_EQUAL(out.tag, 513);
		CU_ASSERT_EQUAL(out.n, n);
		CU_ASSERT_EQUAL(memcmp(out.payload, payload, n), 0);
		CU_ASSERT_FALSE(ctl_next(&in, &out));
	}
}

static void
test_a_flipped_bit_hides_one_message_and_no_other(void)
{
	static struct ctl_input in;
	static uint8_t msg[CTL_MESSAGE_MAX];
	struct ctl_message out;
	size_t len = ctl_pack(AG_PING, 1, "SPSPSP", 6, msg);

	for (size_t bit = 0; bit < 8 * len; bit++) {
		memset(&in, 0, sizeof(in));
		msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
		feed(&in, msg, len);
		msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* A wrong length may swallow what follows, up to its size. */
		for (int i = 0; i < 3; i++)
			feed(&in, msg, len);
		CU_ASSERT_TRUE(ctl_next(&in, &out) || in.n >= 3 * len);
		if (in.done != 0) {
			CU_ASSERT_EQUAL(out.n, 6);
			CU_ASSERT_EQUAL(out.tag, 1);
		}
	}
}

static void
test_noise_never_fills_the_buffer(void)
{
	static struct ctl_input in;
	struct ctl_message out;
	static uint8_t chunk[1000];
	size_t room;

	memset(&in, 0, sizeof(in));
	srand(1);
	for (int i = 0; i < 2000; i++) {
		for (size_t j = 0; j < sizeof(chunk); j++)
			chunk[j] = (uint8_t)("SP"[rand() & 1] ^ (rand() & 4));
		(void)ctl_room(&in, &room);
		CU_ASSERT_FATAL(room > 0);
		feed(&in, chunk, room < sizeof(chunk) ? room : sizeof(chunk));
		while (ctl_next(&in, &out))
			;
	}
}

static void
test_the_checksum_is_that_of_ieee_802_3(void)
{
	CU_ASSERT_EQUAL(ctl_crc32((const uint8_t *)"123456789", 9), 0xcbf43926);
}

/* --- the bound of generated code -------------------------------------------------- */

static void
test_the_worst_case_is_the_longest_path(void)
{
	const uint32_t code[] = {
		mips_i(MIPS_OP_beq, MIPS_A0, MIPS_A1, 2), /* to word 3 */
		0,
		mips_r(MIPS_OP_addu, MIPS_V0, MIPS_A0, MIPS_A1),
		mips_r((enum mips_op)8, 0, MIPS_RA, 0), /* jr $ra */
		0,
	};
	const uint32_t loop[] = {
		mips_i(MIPS_OP_beq, MIPS_A0, MIPS_A1, -1),
		0,
		mips_r((enum mips_op)8, 0, MIPS_RA, 0),
		0,
	};

	CU_ASSERT_EQUAL(code_worst(code, ARRAY_LEN(code)), 5);
	CU_ASSERT_EQUAL(code_worst(code + 2, 3), 3);
	CU_ASSERT_EQUAL(code_worst(code, 0), 0);
	CU_ASSERT_EQUAL(code_worst(loop, ARRAY_LEN(loop)), 0);
}

static void
compile(const char *text, struct expr *e, struct code *c)
{
	static const struct command cmd = { .group = "test" };
	const struct args a = { .cmd = &cmd };

	CU_ASSERT_EQUAL_FATAL(expr_compile(&a, text, e), STATUS_OK);
	CU_ASSERT_EQUAL_FATAL(code_compile_one(&a, &e->filter, c), STATUS_OK);
}

static void
test_every_filter_has_a_bound(void)
{
	static const char *const texts[] = { "", "ip", "udp dst port 7",
		"tcp port 80 or tcp port 443 or arp", "len > 100",
		"host 10.7.0.1 and not icmp", "ip6 and tcp dst port 22",
		"port 80 and ip[12:4] = ip[16:4]", "udp[4:2] % 3 = 1",
		"port 1 or port 2 or port 3 or port 5 or port 9 or port 17" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct expr e;
		struct code c;
		uint32_t worst;

		compile(texts[i], &e, &c);
		worst = code_worst(c.words, c.n);
		CU_ASSERT(worst > 0 && worst <= c.n + 2);
		code_release(&c);
		expr_release(&e);
	}
}

/* Most instructions that F takes on many frames, as they are executed. */
static uint32_t
most_executed(const struct dpf_filter *f)
{
	enum { ARENA = 4 << 20, WORDS = 1 << 16, FRAMES = 4000 };
	static uint8_t frame[FRAME_ROOM];
	struct rng r = { .state = 1 };
	void *arena = xalloc(ARENA);
	uint32_t *code = xalloc(WORDS * sizeof(*code)), most = 0;
	struct dpf_set *set;
	int n = dpf_set_init(arena, ARENA, DPF_SET_ONE, &set);

	CU_ASSERT_EQUAL_FATAL(n, SP_OK);
	CU_ASSERT_EQUAL_FATAL(dpf_set_insert(set, f, 1, 1), SP_OK);
	n = dpf_set_emit(set, code, WORDS, run_address());
	CU_ASSERT_FATAL(n > 0);
	run_load(code, (uint32_t)n);
	for (int i = 0; i < FRAMES; i++) {
		size_t len = frame_make(&r, frame);

		(void)run_call(frame, (uint32_t)len, (uint32_t)len, NULL);
		most = run_insns() > most ? run_insns() : most;
	}
	free(code);
	free(arena);
	return most;
}

/* udp dst port 1 or udp dst port 8 or ... */
static char *
many_ports(unsigned n)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	for (unsigned i = 0; i < n; i++)
		fprintf(f, "%sudp dst port %u", i > 0 ? " or " : "", 1 + 7 * i);
	fclose(f);
	return text;
}

static void
test_no_frame_takes_more_than_the_bound_and_some_come_near(void)
{
	char *few = many_ports(9), *many = many_ports(150);
	const char *const texts[] = { "ip", "udp dst port 7", "udp port 53",
		"tcp port 80 or tcp port 443 or arp", few, many,
		"host 10.7.0.1 and not icmp", "len > 100" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct expr e;
		struct code c;
		uint32_t worst, most;

		compile(texts[i], &e, &c);
		worst = code_worst(c.words, c.n);
		most = most_executed(&e.filter);
		CU_ASSERT(most <= worst);
		CU_ASSERT(2 * most >= worst);
		CU_ASSERT(worst < 60);
		code_release(&c);
		expr_release(&e);
	}
	free(few);
	free(many);
}

/* --- filters as text -------------------------------------------------------------- */

static void
test_atoms_are_printed_as_they_are_meant(void)
{
	static const struct {
		const char *expr, *text;
	} cases[] = {
		{ "ether proto 0x88b5", "(12:16 == 0x88b5)" },
		{ "len > 100", "(len > 100)" },
		{ "ether[0] & 1 = 0", "((0:8 & 0x1) == 0)" },
		{ "ip and ip[8] < 5", "(12:16 == 0x800) && (22:8 <= 4)" },
		{ "ip and not ip proto 6", "(12:16 == 0x800) && (23:8 != 6)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct expr e;
		struct code c;
		char *text;

		compile(cases[i].expr, &e, &c);
		text = filter_text(&e.filter, 8);
		CU_ASSERT_STRING_EQUAL(text, cases[i].text);
		CU_ASSERT_EQUAL(filter_paths(&e.filter, 8), 1);
		free(text);
		code_release(&c);
		expr_release(&e);
	}
}

/* --- percentiles ------------------------------------------------------------------- */

static void
test_percentiles_are_samples_by_nearest_rank(void)
{
	struct samples s = { .v = NULL };

	CU_ASSERT_EQUAL(samples_rank(&s, 0.5), 0);
	for (int i = 1000; i > 0; i--)
		samples_add(&s, i);
	CU_ASSERT_EQUAL(samples_rank(&s, 0), 1);
	CU_ASSERT_EQUAL(samples_rank(&s, 0.5), 500);
	CU_ASSERT_EQUAL(samples_rank(&s, 0.99), 990);
	CU_ASSERT_EQUAL(samples_rank(&s, 0.999), 999);
	CU_ASSERT_EQUAL(samples_rank(&s, 1), 1000);
	samples_free(&s);
	samples_add(&s, 7);
	CU_ASSERT_EQUAL(samples_rank(&s, 0.001), 7);
	CU_ASSERT_EQUAL(samples_rank(&s, 0.999), 7);
	samples_free(&s);
}

/* --- probes ------------------------------------------------------------------------ */

static uint16_t
ones_sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i++)
		s += (uint32_t)p[i] << (i % 2 == 0 ? 8 : 0);
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

static void
test_probes_have_right_checksums_at_any_size(void)
{
	static uint8_t frame[PROBE_MAX];
	struct probe p = { .to = { 10, 7, 0, 2 }, .port = 7 };
	uint32_t seq;

	for (p.bytes = PROBE_MIN; p.bytes <= PROBE_MAX; p.bytes++) {
		size_t l4 = p.bytes - 34;

		p.proto = PROBE_UDP;
		probe_build(&p, 70000, frame);
		CU_ASSERT_EQUAL(ones_sum(frame + 14, 20, 0), 0xffff);
		CU_ASSERT_EQUAL(
			ones_sum(frame + 34, l4,
				ones_sum(frame + 26, 8, 17 + (uint32_t)l4)),
			0xffff);
		CU_ASSERT_TRUE(probe_seq(&p, frame, p.bytes, &seq));
		CU_ASSERT_EQUAL(seq, 70000);
		CU_ASSERT_FALSE(probe_seq(&p, frame, 49, &seq));
		p.proto = PROBE_ICMP;
		probe_build(&p, 1, frame);
		CU_ASSERT_EQUAL(ones_sum(frame + 34, l4, 0), 0xffff);
	}
}

/* A record of a dump: request or reply SEQ at US microseconds. */
static void
put_record(
	FILE *f, const struct probe *p, uint32_t seq, bool reply, uint32_t us)
{
	static uint8_t frame[PROBE_MAX];
	uint8_t h[16];

	probe_build(p, seq, frame);
	if (reply)
		memset(frame, 2, 6);
	le32_put(h, us / 1000000);
	le32_put(h + 4, us % 1000000);
	le32_put(h + 8, (uint32_t)p->bytes);
	le32_put(h + 12, (uint32_t)p->bytes);
	fwrite(h, 1, sizeof(h), f);
	fwrite(frame, 1, p->bytes, f);
}

static void
test_times_are_read_off_the_dump(void)
{
	struct probe p = { .bytes = 60, .mac = { 0x52, 0x54 } };
	char path[] = "/tmp/spindle-test-XXXXXX";
	double got[4] = { -1, -1, -1, -1 };
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	CU_ASSERT_FATAL(f != NULL);
	fwrite(path, 1, 24, f); /* a header nobody reads */
	put_record(f, &p, 0, false, 999900);
	put_record(f, &p, 0, true, 999900 + 512);
	put_record(f, &p, 1, false, 2000000);
	put_record(f, &p, 3, true, 2000100); /* its request is missing */
	put_record(f, &p, 2, false, 3000000);
	put_record(f, &p, 2, true, 3000000 + 345);
	fwrite(path, 1, 7, f); /* QEMU is in the middle of writing */
	fclose(f);
	CU_ASSERT_EQUAL(probe_times(&p, path, 0, got, 4), 2);
	CU_ASSERT_EQUAL(got[0], 512);
	CU_ASSERT_EQUAL(got[1], -1);
	CU_ASSERT_EQUAL(got[2], 345);
	CU_ASSERT_EQUAL(got[3], -1);
	CU_ASSERT_EQUAL(probe_times(&p, path, 24 + 2 * 76, got, 4), 1);
	remove(path);
	CU_ASSERT_EQUAL(probe_times(&p, path, 0, got, 4), 0);
}

static void
test_rounded_times_give_the_one_number_of_instructions(void)
{
	double us[64];

	for (int n = 1; n < 3000; n++) {
		/* Whatever the phase: time stamps are rounded down. */
		for (int i = 0; i < 64; i++)
			us[i] = floor(i / 64.0 + 1.024 * n);
		us[7] = -1;
		probe_instructions(us, 64);
		for (int i = 0; i < 64; i++)
			CU_ASSERT_EQUAL(us[i], i == 7 ? -1 : n);
	}
	us[0] = 361;
	us[1] = 1000;
	us[2] = 360;
	probe_instructions(us, 3);
	CU_ASSERT_EQUAL(us[0], 352);
	CU_ASSERT_EQUAL(us[1], 977);
	CU_ASSERT_EQUAL(us[2], 352);
	probe_instructions(us, 0);
}

/* --- times of last matches ------------------------------------------------------------ */

static void
test_ages_are_certain_only_within_one_wrap_of_count(void)
{
	const uint32_t second = 166666667;
	struct seen_age age;
	char text[100];

	age = seen_resolve(5 * second, 2 * second, 4);
	CU_ASSERT_DOUBLE_EQUAL(age.least, 3, 1e-3);
	CU_ASSERT_DOUBLE_EQUAL(age.most, 3, 1e-3);
	CU_ASSERT_STRING_EQUAL(
		seen_words(&age, false, text, sizeof(text)), "3.0 s ago");
	age = seen_resolve(second, 0 - second, 20);
	CU_ASSERT_DOUBLE_EQUAL(age.least, 2, 1e-3);
	CU_ASSERT_DOUBLE_EQUAL(age.most, 2, 1e-3);
	age = seen_resolve(5 * second, 2 * second, 28);
	CU_ASSERT_DOUBLE_EQUAL(age.most, 3, 1e-3);
	age = seen_resolve(5 * second, 2 * second, 60);
	CU_ASSERT_DOUBLE_EQUAL(age.least, 3, 1e-3);
	CU_ASSERT_DOUBLE_EQUAL(age.most, 3 + 2 * 25.7698, 1e-3);
	CU_ASSERT_STRING_EQUAL(
		seen_words(&age, true, text, sizeof(text)), "~3.0 s ago");
	CU_ASSERT_STRING_EQUAL(seen_words(&age, false, text, sizeof(text)),
		"3.0 s ago, or multiples of 25.8 s more, at most 54.5 s ago");
	age = (struct seen_age){ .never = true };
	CU_ASSERT_STRING_EQUAL(
		seen_words(&age, true, text, sizeof(text)), "never");
	age = (struct seen_age){ .least = 7200, .most = 7200 };
	CU_ASSERT_STRING_EQUAL(
		seen_words(&age, true, text, sizeof(text)), "2.0 h ago");
}

int
main(void)
{
	CU_pSuite s;
	unsigned failed;

	CU_initialize_registry();
	s = CU_add_suite("tool", NULL, NULL);
	CU_ADD_TEST(s, test_a_message_comes_back_in_any_pieces);
	CU_ADD_TEST(s, test_a_flipped_bit_hides_one_message_and_no_other);
	CU_ADD_TEST(s, test_noise_never_fills_the_buffer);
	CU_ADD_TEST(s, test_the_checksum_is_that_of_ieee_802_3);
	CU_ADD_TEST(s, test_the_worst_case_is_the_longest_path);
	CU_ADD_TEST(s, test_every_filter_has_a_bound);
	CU_ADD_TEST(
		s, test_no_frame_takes_more_than_the_bound_and_some_come_near);
	CU_ADD_TEST(s, test_atoms_are_printed_as_they_are_meant);
	CU_ADD_TEST(s, test_percentiles_are_samples_by_nearest_rank);
	CU_ADD_TEST(s, test_probes_have_right_checksums_at_any_size);
	CU_ADD_TEST(s, test_times_are_read_off_the_dump);
	CU_ADD_TEST(s, test_rounded_times_give_the_one_number_of_instructions);
	CU_ADD_TEST(s, test_ages_are_certain_only_within_one_wrap_of_count);
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failed != 0;
}
