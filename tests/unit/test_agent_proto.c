/*
 * test_agent_proto.c - what the agent does with bytes it cannot trust: messages
 * on the control line, programs, formatted text.
 */
#include "apps/agent/elf.h"
#include "apps/agent/proto.h"
#include "apps/lib/print.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum { BASE = 0x00400000, TOP = 0x40000000 };

static struct proto_rx rx;
static uint8_t wire[2 * PROTO_MAX];

/* xorshift32: the same everywhere. */
static uint32_t seed;

static uint32_t
chance(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

/* --- messages --------------------------------------------------------------- */

static size_t
make(uint8_t *at, uint16_t op, uint16_t tag, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[AG_HEAD + i] = (uint8_t)(i * 7 + tag);
	return proto_wrap(at, op, tag, len);
}

/* Feed N bytes one by one; count messages and keep the last. */
static unsigned
feed(const uint8_t *p, size_t n, struct proto_msg *last)
{
	struct proto_msg m;
	unsigned count = 0;

	for (size_t i = 0; i < n; i++) {
		proto_put(&rx, p[i]);
		while (proto_next(&rx, &m)) {
			*last = m;
			count++;
		}
		CU_ASSERT_FATAL(rx.have < sizeof(rx.buf));
	}
	return count;
}

static void
start(void)
{
	memset(&rx, 0, sizeof(rx));
}

static void
test_crc_is_ieee_802_3(void)
{
	CU_ASSERT_EQUAL(proto_crc((const uint8_t *)"123456789", 9), 0xcbf43926);
	CU_ASSERT_EQUAL(proto_crc(wire, 0), 0);
}

static void
test_every_length_arrives_intact(void)
{
	for (size_t len = 0; len <= AG_MAX_PAYLOAD; len++) {
		struct proto_msg m = { 0 };
		size_t n = make(wire, 7, (uint16_t)len, len);
		bool early = false;

		start();
		CU_ASSERT_EQUAL(n, AG_HEAD + len + PROTO_CRC);
		memcpy(rx.buf, wire, n - 1);
		rx.have = n - 1;
		early = proto_next(&rx, &m);
		CU_ASSERT_FALSE(early);
		proto_put(&rx, wire[n - 1]);
		CU_ASSERT_TRUE_FATAL(proto_next(&rx, &m));
		CU_ASSERT_EQUAL(m.op, 7);
		CU_ASSERT_EQUAL(m.tag, (uint16_t)len);
		CU_ASSERT_EQUAL_FATAL(m.len, len);
		CU_ASSERT_EQUAL(memcmp(m.payload, wire + AG_HEAD, len), 0);
		CU_ASSERT_EQUAL((uintptr_t)m.payload & 3, 0);
		CU_ASSERT_EQUAL(m.crc, le32_get(wire + n - PROTO_CRC));
		CU_ASSERT_FALSE(proto_next(&rx, &m));
		CU_ASSERT_EQUAL(rx.skipped, 0);
	}
}

static void
test_messages_follow_each_other(void)
{
	struct proto_msg m = { 0 };
	size_t n = 0;

	start();
	for (uint16_t i = 0; i < 40; i++)
		n += make(wire + n, i, (uint16_t)(i + 1), i * 5u);
	CU_ASSERT_EQUAL(feed(wire, n, &m), 40);
	CU_ASSERT_EQUAL(m.op, 39);
	CU_ASSERT_EQUAL(rx.skipped, 0);
}

static void
test_noise_before_a_message_is_skipped(void)
{
	static const char *const noise[] = { "S", "SS", "SSS", "P", "SX", "PS",
		"hello", "SP", "SP\1", "SPSPSPSP", "S\0S\0S" };
	struct proto_msg m = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(noise); i++) {
		size_t n = strlen(noise[i]);

		start();
		memcpy(wire, noise[i], n);
		n += make(wire + n, 3, 9, 20);
		/* A false head may claim up to the longest message. */
		memset(wire + n, 0, PROTO_MAX);
		CU_ASSERT_EQUAL(feed(wire, n + PROTO_MAX, &m), 1);
		CU_ASSERT_EQUAL(m.tag, 9);
	}
}

/* A flipped bit loses that message, never the next one, and never makes up a
 * third: what follows the flip is at most the longest message away. */
static void
test_no_flipped_bit_gets_through(void)
{
	struct proto_msg m = { 0 };
	size_t first = make(wire, AG_HALT, 1, 4);
	size_t both = first + make(wire + first, AG_PING, 2, 30);

	memset(wire + both, 0, PROTO_MAX);
	for (size_t bit = 0; bit < first * 8; bit++) {
		wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
		start();
		CU_ASSERT_EQUAL(feed(wire, both + PROTO_MAX, &m), 1);
		CU_ASSERT_EQUAL(m.op, AG_PING);
		wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* The host's repeat after a lost byte: zeros fill up whatever was claimed. */
static void
test_a_lost_byte_costs_one_message(void)
{
	struct proto_msg m = { 0 };
	size_t first = make(wire, AG_HALT, 1, 100);

	for (size_t gone = 0; gone < first; gone++) {
		uint8_t next[64];
		size_t n = make(next, AG_PING, 2, 8);

		start();
		(void)make(wire, AG_HALT, 1, 100);
		memmove(wire + gone, wire + gone + 1, first - gone - 1);
		CU_ASSERT_EQUAL(feed(wire, first - 1, &m), 0);
		memset(wire, 0, PROTO_MAX);
		CU_ASSERT_EQUAL(feed(wire, PROTO_MAX, &m), 0);
		CU_ASSERT_EQUAL(feed(next, n, &m), 1);
		CU_ASSERT_EQUAL(m.tag, 2);
	}
}

static void
test_a_message_inside_a_payload_is_only_data(void)
{
	struct proto_msg m = { 0 };
	size_t inner = make(wire + AG_HEAD, AG_HALT, 5, 4);
	size_t n = proto_wrap(wire, AG_STAGE, 6, inner);

	start();
	CU_ASSERT_EQUAL(feed(wire, n, &m), 1);
	CU_ASSERT_EQUAL(m.op, AG_STAGE);
}

static void
test_too_long_is_no_message(void)
{
	struct proto_msg m = { 0 };

	start();
	(void)make(wire, 1, 1, 0);
	le16_put(wire + 6, AG_MAX_PAYLOAD + 1);
	size_t n = AG_HEAD + make(wire + AG_HEAD, 2, 2, 0);

	CU_ASSERT_EQUAL(feed(wire, n, &m), 1);
	CU_ASSERT_EQUAL(m.op, 2);
}

static void
test_random_bytes_never_break_the_receiver(void)
{
	struct proto_msg m = { 0 };

	seed = 2026;
	start();
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + chance(2000);

		/* Mostly heads and short lengths, so that much is tried. */
		for (size_t i = 0; i < n; i++)
			wire[i] = (uint8_t)("SP\0\1\20"[chance(5)]);
		(void)feed(wire, n, &m);
		memset(wire, 0, PROTO_MAX);
		(void)feed(wire, PROTO_MAX, &m);
		n = make(wire, 1, (uint16_t)round, chance(100));
		CU_ASSERT_EQUAL(feed(wire, n, &m), 1);
		CU_ASSERT_EQUAL(m.tag, (uint16_t)round);
	}
}

/* --- programs --------------------------------------------------------------- */

enum {
	EHDR = 52,
	PHDR = 32,
	TEXT_AT = 0x1000,
	TEXT = 0x180,
	DATA_AT = 0x1180,
	DATA = 0x40,
	ELF_BYTES = DATA_AT + DATA,
};

static uint8_t image[ELF_BYTES];

static void
put_segment(uint8_t *ph, uint32_t type, uint32_t offset, uint32_t va,
	uint32_t file, uint32_t mem, uint32_t flags)
{
	le32_put(ph, type);
	le32_put(ph + 4, offset);
	le32_put(ph + 8, va);
	le32_put(ph + 12, va);
	le32_put(ph + 16, file);
	le32_put(ph + 20, mem);
	le32_put(ph + 24, flags);
	le32_put(ph + 28, 0x1000);
}

/* Text at BASE, data and bss two pages on. */
static void
make_program(void)
{
	memset(image, 0, sizeof(image));
	memcpy(image, "\177ELF\1\1\1", 7);
	le16_put(image + 16, 2);
	le16_put(image + 18, 8);
	le32_put(image + 20, 1);
	le32_put(image + 24, BASE + 0x10);
	le32_put(image + 28, EHDR);
	le16_put(image + 40, EHDR);
	le16_put(image + 42, PHDR);
	le16_put(image + 44, 2);
	put_segment(image + EHDR, 1, TEXT_AT, BASE, TEXT, TEXT, 5);
	put_segment(image + EHDR + PHDR, 1, DATA_AT, BASE + 0x2180, DATA,
		0x5000, 6);
}

/* Parse a copy of exactly BYTES bytes, so that ASan sees the first stray read. */
static int
parse(size_t bytes, struct elf_program *out, const char **why)
{
	uint8_t *copy = malloc(bytes > 0 ? bytes : 1);
	int err;

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, image, bytes);
	*why = "";
	err = elf_parse(copy, bytes, BASE, TOP, out, why);
	free(copy);
	return err;
}

static void
expect(int code, const char *text)
{
	struct elf_program prog;
	const char *why;

	CU_ASSERT_EQUAL(parse(sizeof(image), &prog, &why), code);
	CU_ASSERT_STRING_EQUAL(why, text);
}

static void
test_a_program_is_understood(void)
{
	struct elf_program prog;
	const char *why;

	make_program();
	CU_ASSERT_EQUAL_FATAL(parse(sizeof(image), &prog, &why), SP_OK);
	CU_ASSERT_EQUAL(prog.entry, BASE + 0x10);
	CU_ASSERT_EQUAL_FATAL(prog.segments, 2);
	CU_ASSERT_EQUAL(prog.segment[0].va, BASE);
	CU_ASSERT_EQUAL(prog.segment[0].offset, TEXT_AT);
	CU_ASSERT_FALSE(prog.segment[0].writable);
	CU_ASSERT_EQUAL(prog.segment[1].mem, 0x5000);
	CU_ASSERT_EQUAL(prog.segment[1].file_bytes, DATA);
	CU_ASSERT_TRUE(prog.segment[1].writable);
}

static void
test_every_truncation_is_refused(void)
{
	struct elf_program prog;
	const char *why;

	make_program();
	for (size_t n = 0; n < sizeof(image); n++) {
		int err = parse(n, &prog, &why);

		CU_ASSERT_EQUAL(err, n < 4 ? SP_EFORMAT : SP_ESHORT);
		CU_ASSERT_NOT_EQUAL(why[0], '\0');
	}
}

static void
test_other_files_are_named(void)
{
	make_program();
	image[1] = 'F';
	expect(SP_EFORMAT, "not an ELF file");
	make_program();
	image[4] = 2;
	expect(SP_EFORMAT, "not a 32-bit ELF file");
	make_program();
	image[5] = 2;
	expect(SP_EFORMAT, "ELF file is big endian");
	make_program();
	le16_put(image + 18, 3);
	expect(SP_EFORMAT, "ELF file is for another machine");
	make_program();
	le16_put(image + 16, 1);
	expect(SP_EFORMAT, "not a static executable");
	make_program();
	le16_put(image + 42, 31);
	expect(SP_EFORMAT, "odd program header size");
	make_program();
	le32_put(image + EHDR + PHDR, 3);
	expect(SP_EUNSUPPORTED, "dynamically linked");
}

static void
test_bad_segments_are_refused(void)
{
	uint8_t *data = image + EHDR + PHDR;

	make_program();
	put_segment(data, 1, DATA_AT, BASE + 0x2000, DATA, DATA - 1, 6);
	expect(SP_EFORMAT, "segment: file size > memory size");
	make_program();
	put_segment(data, 1, 0xfffffff0, BASE + 0x2000, DATA, DATA, 6);
	expect(SP_ESHORT, "file ends inside a segment");
	make_program();
	put_segment(data, 1, DATA_AT, BASE - 1, DATA, DATA, 6);
	expect(SP_EFORMAT, "segment outside user memory");
	make_program();
	put_segment(data, 1, DATA_AT, TOP - DATA, DATA, DATA + 1, 6);
	expect(SP_EFORMAT, "segment outside user memory");
	make_program();
	put_segment(data, 1, DATA_AT, TOP - DATA, DATA, DATA, 6);
	expect(SP_OK, "");
	make_program();
	put_segment(data, 1, DATA_AT, 0xfffff000, DATA, 0x2000, 6);
	expect(SP_EFORMAT, "segment outside user memory");
	make_program();
	put_segment(data, 1, DATA_AT, BASE + TEXT, DATA, DATA, 6);
	expect(SP_EFORMAT, "two segments in one page");
	make_program();
	put_segment(data, 1, DATA_AT, BASE, DATA, 0x10000, 6);
	expect(SP_EFORMAT, "two segments in one page");
}

static void
test_entry_must_be_code(void)
{
	static const uint32_t bad[] = { 0, BASE - 4, BASE + TEXT, BASE + 2,
		BASE + 0x2180 + DATA, 0xfffffffc };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		make_program();
		le32_put(image + 24, bad[i]);
		expect(SP_EFORMAT, "entry is outside the program");
	}
	make_program();
	le16_put(image + 44, 0);
	expect(SP_EFORMAT, "nothing to load");
	make_program();
	le16_put(image + 44, 0xffff);
	expect(SP_ESHORT, "file ends in program headers");
	make_program();
	le32_put(image + 28, 0xffffffff);
	expect(SP_ESHORT, "file ends in program headers");
}

static void
check_promises(const struct elf_program *prog)
{
	for (size_t i = 0; i < prog->segments; i++) {
		const struct elf_segment *s = &prog->segment[i];

		CU_ASSERT(s->va >= BASE && s->va < TOP);
		CU_ASSERT(s->mem > 0 && s->mem <= TOP - s->va);
		CU_ASSERT(s->file_bytes <= s->mem);
		CU_ASSERT(s->offset <= sizeof(image));
		CU_ASSERT(s->file_bytes <= sizeof(image) - s->offset);
		for (size_t j = 0; j < i; j++) {
			const struct elf_segment *t = &prog->segment[j];
			uint32_t low = s->va < t->va ? s->va + s->mem - 1
						     : t->va + t->mem - 1;
			uint32_t high = s->va < t->va ? t->va : s->va;

			CU_ASSERT(low / 4096 < high / 4096);
		}
	}
}

static void
test_mutated_programs_keep_the_promises(void)
{
	static const uint32_t odd[] = { 0, 1, 0x7fffffff, 0x80000000,
		0xffffffff, 0xfffff000, BASE, TOP, ELF_BYTES };
	struct elf_program prog;
	const char *why;
	unsigned accepted = 0;

	seed = 7;
	for (int round = 0; round < 50000; round++) {
		make_program();
		for (uint32_t n = 1 + chance(3); n > 0; n--) {
			uint32_t at = chance(EHDR + 2 * PHDR - 4);

			if (chance(2) == 0)
				image[at] = (uint8_t)chance(256);
			else
				le32_put(image + (at & ~3u),
					odd[chance(ARRAY_LEN(odd))]);
		}
		if (parse(sizeof(image), &prog, &why) == SP_OK) {
			accepted++;
			check_promises(&prog);
		} else {
			CU_ASSERT_NOT_EQUAL(why[0], '\0');
		}
	}
	CU_ASSERT(accepted > 1000);
}

/* --- text -------------------------------------------------------------------- */

static void
test_format_says_what_printf_says(void)
{
	char got[80], want[80];
	static const int numbers[] = { 0, 1, -1, 9, 10, -10, 2147483647,
		-2147483647 - 1 };

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		int v = numbers[i];
		size_t n = format(got, sizeof(got), "%d|%u|%x|%5d|%08x|%c|%s%%",
			v, (unsigned)v, (unsigned)v, v, (unsigned)v, 'q',
			"abc");

		(void)snprintf(want, sizeof(want), "%d|%u|%x|%5d|%08x|%c|%s%%",
			v, (unsigned)v, (unsigned)v, v, (unsigned)v, 'q',
			"abc");
		CU_ASSERT_STRING_EQUAL(got, want);
		CU_ASSERT_EQUAL(n, strlen(want));
	}
}

static void
test_format_never_writes_past_room(void)
{
	for (size_t room = 0; room < 40; room++) {
		char *out = malloc(room > 0 ? room : 1);
		size_t n;

		CU_ASSERT_PTR_NOT_NULL_FATAL(out);
		n = format(out, room, "%s has %u frames at %08x", "somebody",
			12345u, 0xabcu);
		CU_ASSERT(room == 0 ? n == 0 : n < room);
		CU_ASSERT(room == 0 || out[n] == '\0');
		free(out);
	}
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("agent", NULL, NULL);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_crc_is_ieee_802_3);
	ADD(test_every_length_arrives_intact);
	ADD(test_messages_follow_each_other);
	ADD(test_noise_before_a_message_is_skipped);
	ADD(test_no_flipped_bit_gets_through);
	ADD(test_a_lost_byte_costs_one_message);
	ADD(test_a_message_inside_a_payload_is_only_data);
	ADD(test_too_long_is_no_message);
	ADD(test_random_bytes_never_break_the_receiver);
	ADD(test_a_program_is_understood);
	ADD(test_every_truncation_is_refused);
	ADD(test_other_files_are_named);
	ADD(test_bad_segments_are_refused);
	ADD(test_entry_must_be_code);
	ADD(test_mutated_programs_keep_the_promises);
	ADD(test_format_says_what_printf_says);
	ADD(test_format_never_writes_past_room);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
