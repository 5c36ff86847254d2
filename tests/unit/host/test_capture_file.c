/*
 * test_capture_file.c - what `spindle capture` writes and prints: blocks byte for
 * byte by the pcapng draft, lines for frames of any length.
 * LIBS: -ljansson
 */
#include "tools/frame_line.h"
#include "tools/pcapng.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

/* What is written, in memory. */
struct sink {
	char *bytes;
	size_t n;
	FILE *f;
};

static void
sink_open(struct sink *s)
{
	s->f = open_memstream(&s->bytes, &s->n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->f);
}

static const uint8_t *
sink_close(struct sink *s)
{
	fclose(s->f);
	return (const uint8_t *)s->bytes;
}

static uint64_t
be_words(const uint8_t *p)
{
	return (uint64_t)le32_get(p) << 32 | le32_get(p + 4);
}

/* The block of TYPE at P is well formed; its length. */
static size_t
block(const uint8_t *p, uint32_t type)
{
	uint32_t n = le32_get(p + 4);

	CU_ASSERT_EQUAL(le32_get(p), type);
	CU_ASSERT_EQUAL(n % 4, 0);
	CU_ASSERT_EQUAL(le32_get(p + n - 4), n);
	return n;
}

/* The option CODE behind P, or NULL; every option up to the end is padded with
 * zeros. */
static const uint8_t *
option(const uint8_t *p, uint32_t code, size_t *n)
{
	const uint8_t *found = NULL;

	while (le16_get(p) != 0) {
		size_t len = le16_get(p + 2), whole = (len + 3) & ~(size_t)3;

		for (size_t i = len; i < whole; i++)
			CU_ASSERT_EQUAL(p[4 + i], 0);
		if (le16_get(p) == code) {
			found = p + 4;
			*n = len;
		}
		p += 4 + whole;
	}
	CU_ASSERT_EQUAL(le16_get(p + 2), 0);
	return found;
}

static bool
option_is(const uint8_t *p, uint32_t code, const void *want, size_t bytes)
{
	size_t n = 0;
	const uint8_t *at = option(p, code, &n);

	return at != NULL && n == bytes && memcmp(at, want, n) == 0;
}

static void
test_a_file_begins_with_its_section_and_interface(void)
{
	const struct pcapng_interface i = {
		.name = "default",
		.filter = "udp",
		.mac = { 0x52, 0x54, 0, 1, 2, 3 },
		.snap = 96,
	};
	const uint8_t *p;
	struct sink s;
	size_t n;

	sink_open(&s);
	pcapng_begin(s.f, &i);
	p = sink_close(&s);
	n = block(p, 0x0a0d0d0a);
	CU_ASSERT_EQUAL(le32_get(p + 8), 0x1a2b3c4d);
	CU_ASSERT_EQUAL(le32_get(p + 12), 1);
	CU_ASSERT_EQUAL(be_words(p + 16), UINT64_MAX);
	CU_ASSERT_TRUE(option_is(p + 24, 3, "Spindle", 7));
	p += n;
	CU_ASSERT_EQUAL(n + block(p, 1), s.n);
	CU_ASSERT_EQUAL(le16_get(p + 8), 1);
	CU_ASSERT_EQUAL(le32_get(p + 12), 96);
	CU_ASSERT_TRUE(option_is(p + 16, 2, "default", 7));
	CU_ASSERT_TRUE(option_is(p + 16, 6, i.mac, 6));
	CU_ASSERT_TRUE(option_is(p + 16, 9, "\x09", 1));
	CU_ASSERT_TRUE(option_is(p + 16, 11, "\0udp", 4));
	free(s.bytes);
}

static void
test_frames_of_every_length_with_comments_of_every_length(void)
{
	static const char text[] = "taken by somebody";
	uint8_t bytes[70];
	char comment[sizeof(text)];

	memset(bytes, 0xab, sizeof(bytes));
	for (uint32_t kept = 0; kept <= sizeof(bytes); kept++) {
		struct pcapng_frame p = { .ns = 0x123456789abcdef0,
			.bytes = bytes,
			.kept = kept,
			.len = 1500,
			.out = kept % 2 == 0,
			.comment = comment };
		size_t c = kept % sizeof(text);
		const uint8_t *at, *options;
		struct sink s;
		uint32_t flags = p.out ? 2 : kept < 6 ? 1 : 1 | 2 << 2;
		uint8_t want[4];

		memcpy(comment, text, c);
		comment[c] = '\0';
		sink_open(&s);
		pcapng_put(s.f, &p);
		at = sink_close(&s);
		CU_ASSERT_EQUAL(block(at, 6), s.n);
		CU_ASSERT_EQUAL(le32_get(at + 8), 0);
		CU_ASSERT_EQUAL(be_words(at + 12), p.ns);
		CU_ASSERT_EQUAL(le32_get(at + 20), kept);
		CU_ASSERT_EQUAL(le32_get(at + 24), 1500);
		CU_ASSERT_EQUAL(memcmp(at + 28, bytes, kept), 0);
		options = at + 28 + ((kept + 3) & ~3u);
		for (const uint8_t *z = at + 28 + kept; z < options; z++)
			CU_ASSERT_EQUAL(*z, 0);
		le32_put(want, flags);
		CU_ASSERT_TRUE(option_is(options, 2, want, 4));
		CU_ASSERT_TRUE(option_is(options, 1, comment, c));
		free(s.bytes);
	}
}

static void
test_whom_a_frame_is_for(void)
{
	static const struct {
		uint8_t first, rest;
		uint32_t to;
	} cases[] = { { 0x52, 0x54, 1 }, { 0x01, 0x00, 2 }, { 0xff, 0xff, 3 },
		{ 0xff, 0xfe, 2 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[60], want[4];
		struct pcapng_frame p = { .bytes = bytes, .kept = 60 };
		const uint8_t *at;
		struct sink s;

		memset(bytes, cases[i].rest, sizeof(bytes));
		bytes[0] = cases[i].first;
		sink_open(&s);
		pcapng_put(s.f, &p);
		at = sink_close(&s);
		le32_put(want, 1 | cases[i].to << 2);
		CU_ASSERT_TRUE(option_is(at + 28 + 60, 2, want, 4));
		CU_ASSERT_PTR_NULL(option(at + 28 + 60, 1, &s.n));
		free(s.bytes);
	}
}

static void
test_statistics_come_last(void)
{
	const struct pcapng_statistics st = {
		.start_ns = 0x1122334455667788,
		.end_ns = 0x1122334455667799,
		.received = 1,
		.missed = 2,
		.accepted = 3,
		.dropped = 4,
		.delivered = 0x500000006,
	};
	static const uint64_t want[] = { 1, 2, 3, 4, 0x500000006 };
	const uint8_t *p;
	struct sink s;
	size_t n = 0;

	sink_open(&s);
	pcapng_end(s.f, &st);
	p = sink_close(&s);
	CU_ASSERT_EQUAL(block(p, 5), s.n);
	CU_ASSERT_EQUAL(be_words(p + 12), st.end_ns);
	CU_ASSERT_EQUAL(be_words(option(p + 20, 2, &n)), st.start_ns);
	CU_ASSERT_EQUAL(be_words(option(p + 20, 3, &n)), st.end_ns);
	for (uint32_t i = 0; i < 5; i++) {
		const uint8_t *o = option(p + 20, 4 + i, &n);

		CU_ASSERT_PTR_NOT_NULL_FATAL(o);
		CU_ASSERT_EQUAL(n, 8);
		CU_ASSERT_EQUAL(
			le32_get(o) | (uint64_t)le32_get(o + 4) << 32, want[i]);
	}
	free(s.bytes);
}

static void
test_classic_files_have_nanoseconds(void)
{
	const struct pcapng_frame f = { .ns = 7000000009,
		.bytes = (const uint8_t *)"abcde",
		.kept = 5,
		.len = 60 };
	const uint8_t *p;
	struct sink s;

	sink_open(&s);
	pcap_begin(s.f, 96);
	pcap_put(s.f, &f);
	p = sink_close(&s);
	CU_ASSERT_EQUAL(s.n, 24 + 16 + 5);
	CU_ASSERT_EQUAL(le32_get(p), 0xa1b23c4d);
	CU_ASSERT_EQUAL(le32_get(p + 4), 2 | 4 << 16);
	CU_ASSERT_EQUAL(le32_get(p + 16), 96);
	CU_ASSERT_EQUAL(le32_get(p + 20), 1);
	CU_ASSERT_EQUAL(le32_get(p + 24), 7);
	CU_ASSERT_EQUAL(le32_get(p + 28), 9);
	CU_ASSERT_EQUAL(le32_get(p + 32), 5);
	CU_ASSERT_EQUAL(le32_get(p + 36), 60);
	CU_ASSERT_EQUAL(memcmp(p + 40, "abcde", 5), 0);
	free(s.bytes);
}

/* --- lines ------------------------------------------------------------------------ */

#define MACS      "\x52\x54\0\x12\x34\x56\x02\0\0\0\0\x01"
#define ADDRESSES "\x0a\x07\0\x01\x0a\x07\0\x02"

static const struct {
	const char *bytes;
	size_t n, len;
	const char *line;
} lines[] = {
#define L(bytes, len, line)                                                    \
	{                                                                      \
		bytes, sizeof(bytes) - 1, len, line                            \
	}
	L(MACS "\x08\0\x45\0\0\x20\0\0\0\0\x40\x11\0\0" ADDRESSES
	       "\x9c\x40\0\x07\0\x0c\0\0",
		60, "IP 10.7.0.1.40000 > 10.7.0.2.7: UDP, length 4"),
	L(MACS "\x08\0\x45\0\0\x30\0\0\0\0\x40\x06\0\0" ADDRESSES
	       "\0\x50\x04\0\0\0\0\0\0\0\0\0\x50\x12\0\0\0\0\0\0",
		62, "IP 10.7.0.1.80 > 10.7.0.2.1024: TCP [S.], length 8"),
	L(MACS "\x08\0\x45\0\0\x1c\0\0\0\0\x40\x01\0\0" ADDRESSES
	       "\x08\0\0\0\0\0\0\0",
		60, "IP 10.7.0.1 > 10.7.0.2: ICMP type 8 code 0, length 8"),
	L(MACS "\x08\0\x45\0\0\x24\0\0\0\x01\x40\x11\0\0" ADDRESSES
	       "\x9c\x40\0\x07\0\x0c\0\0",
		60, "IP 10.7.0.1 > 10.7.0.2: fragment, length 16"),
	L(MACS "\x81\0\0\x05\x08\0\x45\0\0\x16\0\0\0\0\x40\x32\0\0" ADDRESSES
	       "\0\0",
		60, "vlan 5, IP 10.7.0.1 > 10.7.0.2: protocol 50, length 2"),
	L(MACS "\x08\x06\0\x01\x08\0\x06\x04\0\x01\x02\0\0\0\0\x01\x0a\x07\0"
	       "\x01\0\0\0\0\0\0\x0a\x07\0\x02",
		60, "ARP who has 10.7.0.2 tell 10.7.0.1"),
	L(MACS "\x08\x06\0\x01\x08\0\x06\x04\0\x02\x02\0\0\0\0\x01\x0a\x07\0"
	       "\x01\0\0\0\0\0\0\x0a\x07\0\x02",
		60, "ARP 10.7.0.1 is at 02:00:00:00:00:01"),
	L(MACS "\x86\xdd\x60\0\0\0\0\x08\x11\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0"
	       "\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\0\x35"
	       "\x04\0\0\x08\0\0",
		62, "IP6 2001:db8::1.53 > 2001:db8::2.1024: UDP, length 0"),
	L(MACS "\x88\xb5\x01", 60,
		"02:00:00:00:00:01 > 52:54:00:12:34:56: type 0x88b5, length "
		"60"),
	L(MACS "\x08\0\x45\0", 60,
		"02:00:00:00:00:01 > 52:54:00:12:34:56: type 0x0800, length "
		"60"),
	L("abc", 3, "3 bytes"),
#undef L
};

static void
test_a_line_says_who_to_whom_and_what(void)
{
	char out[256];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		frame_line((const uint8_t *)lines[i].bytes, lines[i].n,
			lines[i].len, out, sizeof(out));
		CU_ASSERT_STRING_EQUAL(out, lines[i].line);
	}
}

/* Exactly so many bytes, so that a sanitizer sees the first stray read; and room
 * for exactly so much. */
static void
test_frames_that_are_cut_off_or_lie_are_survived(void)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		for (size_t n = 0; n <= lines[i].n; n++) {
			uint8_t *p = malloc(n + (n == 0));
			char *out = malloc(n + 1);

			memcpy(p, lines[i].bytes, n);
			frame_line(p, n, 1518, out, n + 1);
			CU_ASSERT_TRUE(strlen(out) <= n);
			for (size_t at = 12; at < n; at++) {
				p[at] ^= 0xff;
				frame_line(p, n, 1518, out, n + 1);
				p[at] ^= 0xff;
			}
			free(out);
			free(p);
		}
	}
}

int
main(void)
{
	CU_pSuite s;

	CU_initialize_registry();
	s = CU_add_suite("capture files", NULL, NULL);
	CU_ADD_TEST(s, test_a_file_begins_with_its_section_and_interface);
	CU_ADD_TEST(
		s, test_frames_of_every_length_with_comments_of_every_length);
	CU_ADD_TEST(s, test_whom_a_frame_is_for);
	CU_ADD_TEST(s, test_statistics_come_last);
	CU_ADD_TEST(s, test_classic_files_have_nanoseconds);
	CU_ADD_TEST(s, test_a_line_says_who_to_whom_and_what);
	CU_ADD_TEST(s, test_frames_that_are_cut_off_or_lie_are_survived);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() != 0;
}
