/*
 * test_handlers.c - handlers compiled by ashcc do what their C says: the three that
 * come with Spindle on good, odd and cut-off frames, and the accepted corpus.
 * LIBS: -lcapstone -lunicorn
 */
#include "ash/host/ash_host.h"
#include "tests/corpus/ash/accepted/algos.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOM = 2048,
	IP = 14,
	L4 = 34,
	PROTO_ICMP = 1,
	PROTO_UDP = 17,
	PAYLOAD = 18,
};

static uint8_t frame[ROOM], before[ROOM];
static struct ash_vm *vm;
static struct ash_file file;
static struct ash_vm_result res;

/* --- tools ------------------------------------------------------------------ */

static void
open_vm(const char *path)
{
	CU_ASSERT_FATAL(ash_file_open(&file, path, stderr) == SP_OK);
	vm = ash_vm_open(&file, ASH_VM_BUDGET, stderr);
	CU_ASSERT_FATAL(vm != NULL);
}

static void
close_vm(void)
{
	ash_vm_close(vm);
	ash_file_close(&file);
	vm = NULL;
}

static void
run(size_t len)
{
	memcpy(before, frame, ROOM);
	CU_ASSERT_EQUAL_FATAL(ash_vm_run(vm, frame, len, ROOM, &res), SP_OK);
	CU_ASSERT_EQUAL(res.end, ASH_VM_RETURNED);
	CU_ASSERT_EQUAL(res.outside, 0);
}

/* The one's complement sum of N bytes, added to SUM. */
static uint32_t
sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	size_t i;

	for (i = 0; i < n; i++)
		sum += (uint32_t)p[i] << (i % 2 == 0 ? 8 : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t
head_bytes(void)
{
	return (frame[IP] & 15u) * 4;
}

static bool
ip_sum_is_good(void)
{
	return sum16(frame + IP, head_bytes(), 0) == 0xffff;
}

static bool
udp_sum_is_good(void)
{
	const uint8_t *udp = frame + IP + head_bytes();
	uint32_t n = be16_get(udp + 4);

	return sum16(udp, n, sum16(frame + IP + 12, 8, PROTO_UDP + n)) ==
	       0xffff;
}

/* An IPv4 frame with OPTIONS bytes of options and 18 of payload, sums right. */
static size_t
build(uint8_t proto, uint32_t options)
{
	uint8_t *l4 = frame + L4 + options;
	uint32_t i, n = 8 + PAYLOAD;

	memset(frame, 0, ROOM);
	memcpy(frame, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0", 14);
	frame[IP] = (uint8_t)(0x45 + options / 4);
	be16_put(frame + IP + 2, (uint16_t)(20 + options + n));
	be16_put(frame + IP + 4, 0x1234);
	frame[IP + 8] = 64;
	frame[IP + 9] = proto;
	memcpy(frame + IP + 12, "\x0a\x07\0\2\x0a\x07\0\1", 8);
	memset(frame + IP + 20, 1, options); /* no operation */
	be16_put(
		frame + IP + 10, (uint16_t)~sum16(frame + IP, 20 + options, 0));
	for (i = 0; i < PAYLOAD; i++)
		l4[8 + i] = (uint8_t)(17 * i + 3);
	if (proto == PROTO_UDP) {
		be16_put(l4, 0x1f90);
		be16_put(l4 + 2, 7);
		be16_put(l4 + 4, (uint16_t)n);
		be16_put(l4 + 6,
			(uint16_t)~sum16(l4, n,
				sum16(frame + IP + 12, 8, PROTO_UDP + n)));
	} else {
		l4[0] = 8;
		be16_put(l4 + 4, 0x4242);
		be16_put(l4 + 2, (uint16_t)~sum16(l4, n, 0));
	}
	return 14 + 20 + options + n;
}

static void
check_addresses_swapped(void)
{
	CU_ASSERT_EQUAL(memcmp(frame, before + 6, 6), 0);
	CU_ASSERT_EQUAL(memcmp(frame + 6, before, 6), 0);
	CU_ASSERT_EQUAL(memcmp(frame + IP + 12, before + IP + 16, 4), 0);
	CU_ASSERT_EQUAL(memcmp(frame + IP + 16, before + IP + 12, 4), 0);
	CU_ASSERT(ip_sum_is_good());
}

static void
check_declined(size_t len)
{
	run(len);
	CU_ASSERT_EQUAL(res.verdict, ASH_DECLINE);
	CU_ASSERT_EQUAL(memcmp(frame, before, ROOM), 0);
}

/* --- UDP echo ----------------------------------------------------------------- */

static void
check_udp_reply(size_t len, uint32_t options)
{
	const uint8_t *l4 = frame + L4 + options, *was = before + L4 + options;

	run(len);
	CU_ASSERT_EQUAL(res.reply_len, len);
	check_addresses_swapped();
	CU_ASSERT_EQUAL(be16_get(l4), 7);
	CU_ASSERT_EQUAL(be16_get(l4 + 2), 0x1f90);
	CU_ASSERT_EQUAL(memcmp(l4 + 4, was + 4, 4 + PAYLOAD), 0);
	CU_ASSERT(udp_sum_is_good());
}

static void
test_udp_echo_answers(void)
{
	uint32_t options;

	open_vm("build/ash/udp_echo.o");
	for (options = 0; options <= 40; options += 4)
		check_udp_reply(build(PROTO_UDP, options), options);
	close_vm();
}

static void
test_udp_echo_is_short(void)
{
	open_vm("build/ash/udp_echo.o");
	run(build(PROTO_UDP, 0));
	CU_ASSERT(res.instructions <= 60);
	CU_ASSERT_EQUAL(res.budget_left, ASH_VM_BUDGET);
	close_vm();
}

/* Every length that does not hold what the headers say. */
static void
test_udp_echo_declines_what_is_cut_off(void)
{
	size_t whole, len;

	open_vm("build/ash/udp_echo.o");
	whole = build(PROTO_UDP, 8);
	for (len = 0; len < whole; len++)
		check_declined(len);
	close_vm();
}

struct change {
	const char *what;
	unsigned at;
	uint8_t value;
};

static void
check_changes(uint8_t proto, const struct change *c, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = build(proto, 0);
		frame[c[i].at] = c[i].value;
		check_declined(len);
		if (res.verdict != ASH_DECLINE)
			printf("\n%s", c[i].what);
	}
}

static const struct change ip_changes[] = {
	{ "group address", 0, 3 },
	{ "not IP", 12, 0x86 },
	{ "not IP", 13, 6 },
	{ "version 6", IP, 0x65 },
	{ "header of 16 bytes", IP, 0x44 },
	{ "header beyond the datagram", IP, 0x4f },
	{ "longer than the frame", IP + 2, 1 },
	{ "shorter than its header", IP + 3, 19 },
	{ "shorter than its payload's header", IP + 3, 27 },
	{ "more fragments", IP + 6, 0x20 },
	{ "later fragment", IP + 7, 1 },
	{ "other protocol", IP + 9, 6 },
};

static void
test_udp_echo_declines_what_is_not_sane(void)
{
	static const struct change changes[] = {
		{ "UDP beyond the datagram", L4 + 5, 27 },
		{ "UDP shorter than its header", L4 + 5, 7 },
		{ "UDP of no bytes", L4 + 5, 0 },
		{ "UDP of 64 KB", L4 + 4, 0xff },
	};
	size_t len;

	open_vm("build/ash/udp_echo.o");
	check_changes(PROTO_UDP, ip_changes, ARRAY_LEN(ip_changes));
	check_changes(PROTO_UDP, changes, ARRAY_LEN(changes));
	len = build(PROTO_UDP, 0);
	be16_put(frame + L4, 7); /* from the echo port: a loop */
	check_declined(len);
	close_vm();
}

/* Don't-fragment alone makes no fragment; padding is no payload. */
static void
test_udp_echo_accepts_what_is_usual(void)
{
	open_vm("build/ash/udp_echo.o");
	(void)build(PROTO_UDP, 0);
	frame[IP + 6] = 0x40;
	run(60);
	CU_ASSERT_EQUAL(res.reply_len, 60);
	run(1514);
	CU_ASSERT_EQUAL(res.reply_len, 1514);
	close_vm();
}

/* --- ICMP echo ---------------------------------------------------------------- */

static void
test_icmp_echo_answers(void)
{
	uint32_t options;
	size_t len;

	open_vm("build/ash/icmp_echo.o");
	for (options = 0; options <= 40; options += 4) {
		const uint8_t *icmp = frame + L4 + options;

		len = build(PROTO_ICMP, options);
		run(len);
		CU_ASSERT_EQUAL(res.reply_len, len);
		check_addresses_swapped();
		CU_ASSERT_EQUAL(icmp[0], 0);
		CU_ASSERT_EQUAL(icmp[1], 0);
		CU_ASSERT_EQUAL(sum16(icmp, 8 + PAYLOAD, 0), 0xffff);
		CU_ASSERT_EQUAL(memcmp(icmp + 4, before + L4 + options + 4,
					4 + PAYLOAD),
			0);
	}
	close_vm();
}

/* Whatever the sum was: the corrected one is right. */
static void
test_icmp_echo_corrects_every_sum(void)
{
	uint32_t id;
	size_t len;

	open_vm("build/ash/icmp_echo.o");
	for (id = 0; id < 65536; id += 13) {
		len = build(PROTO_ICMP, 0);
		be16_put(frame + L4 + 4, (uint16_t)id);
		be16_put(frame + L4 + 2, 0);
		be16_put(frame + L4 + 2,
			(uint16_t)~sum16(frame + L4, 8 + PAYLOAD, 0));
		run(len);
		CU_ASSERT_EQUAL(sum16(frame + L4, 8 + PAYLOAD, 0), 0xffff);
	}
	close_vm();
}

static void
test_icmp_echo_declines_the_rest(void)
{
	static const struct change changes[] = {
		{ "a reply", L4, 0 },
		{ "unreachable", L4, 3 },
		{ "a code", L4 + 1, 1 },
	};
	size_t whole, len;

	open_vm("build/ash/icmp_echo.o");
	check_changes(PROTO_ICMP, ip_changes, ARRAY_LEN(ip_changes));
	check_changes(PROTO_ICMP, changes, ARRAY_LEN(changes));
	whole = build(PROTO_ICMP, 0);
	for (len = 0; len < whole; len++)
		check_declined(len);
	close_vm();
}

/* --- counter -------------------------------------------------------------------- */

static void
test_counter_counts_and_its_sums_are_right(void)
{
	uint8_t state[8];
	uint32_t i, options;
	size_t len;

	open_vm("build/ash/counter.o");
	for (i = 1; i <= 1000; i++) {
		options = i % 11 * 4;
		len = build(PROTO_UDP, options);
		run(len);
		CU_ASSERT_EQUAL(res.reply_len, len);
		check_addresses_swapped();
		CU_ASSERT_EQUAL(be32_get(frame + L4 + options + 8), i);
		CU_ASSERT(udp_sum_is_good());
	}
	CU_ASSERT_EQUAL(ash_vm_state(vm, 0, state, sizeof(state)), SP_OK);
	CU_ASSERT_EQUAL(le32_get(state), 1000);
	CU_ASSERT_EQUAL(res.wakes, 0);
	close_vm();
}

static void
test_counter_leaves_no_sum_alone(void)
{
	size_t len;

	open_vm("build/ash/counter.o");
	len = build(PROTO_UDP, 0);
	be16_put(frame + L4 + 6, 0);
	run(len);
	CU_ASSERT_EQUAL(be16_get(frame + L4 + 6), 0);
	CU_ASSERT_EQUAL(res.reply_len, len);
	close_vm();
}

/* Declined requests do not count; without room for the value it declines. */
static void
test_counter_declines_what_is_too_short(void)
{
	size_t whole, len;

	open_vm("build/ash/counter.o");
	check_changes(PROTO_UDP, ip_changes, ARRAY_LEN(ip_changes));
	whole = build(PROTO_UDP, 0);
	for (len = 0; len < whole; len++)
		check_declined(len);
	be16_put(frame + L4 + 4, 11);
	check_declined(whole);
	run(build(PROTO_UDP, 0));
	CU_ASSERT_EQUAL(be32_get(frame + L4 + 8), 1);
	close_vm();
}

/* --- all three ------------------------------------------------------------------ */

/* Nothing in them looks like a loop, so the kernel knows what a frame can cost. */
static void
test_handlers_have_a_bound(void)
{
	static const char *const paths[] = { "build/ash/udp_echo.o",
		"build/ash/icmp_echo.o", "build/ash/counter.o" };
	struct ash_report r;
	FILE *quiet = fopen("/dev/null", "w");
	size_t i;

	CU_ASSERT_FATAL(quiet != NULL);
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		CU_ASSERT_EQUAL(ash_host_check(paths[i], quiet, &r), SP_OK);
		CU_ASSERT(r.bound > 0 && r.bound <= 240);
		open_vm(paths[i]);
		run(build(i == 1 ? PROTO_ICMP : PROTO_UDP, 4));
		CU_ASSERT_NOT_EQUAL(res.reply_len, 0);
		CU_ASSERT(res.instructions <= r.bound);
		close_vm();
	}
	fclose(quiet);
}

/* --- what ashcc must get right ---------------------------------------------------- */

static uint32_t
state_word(uint32_t offset)
{
	uint8_t b[4];

	CU_ASSERT_EQUAL(ash_vm_state(vm, offset, b, sizeof(b)), SP_OK);
	return le32_get(b);
}

static void
test_calls_and_recursion_compute(void)
{
	static const uint32_t fib[] = { 0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55 };
	uint32_t n;

	open_vm("build/corpus/ash/accepted/calls.c.o");
	for (n = 0; n < ARRAY_LEN(fib); n++) {
		run(n);
		CU_ASSERT_EQUAL(res.verdict, ASH_CONSUME);
		CU_ASSERT_EQUAL(state_word(0),
			n + 2 * 1 + 3 * 2 + 5 * 3 + 7 * 4 + 11 * 5);
		CU_ASSERT_EQUAL(state_word(4), fib[n]);
	}
	close_vm();
}

/* What memory.c computes, by the host's own compiler. */
static uint32_t
memory_model(uint32_t value[2], uint32_t far[2], uint32_t len)
{
	static const uint32_t key[2] = { 1, 2 },
			      small[2] = { (uint32_t)-2, (uint32_t)-3 };
	uint32_t i, sum = 0;

	for (i = 0; i < 2; i++) {
		value[i] += len;
		far[i] += value[i];
		sum += value[i] + key[i] + small[i] + far[i];
	}
	for (i = 0; i < 64; i++)
		sum = sum * 31 + frame[63 - i];
	return sum;
}

static void
test_pointers_and_arrays_compute(void)
{
	uint32_t value[2] = { 30, 40 }, far[2] = { 1, 2 }, i, want;

	open_vm("build/corpus/ash/accepted/memory.c.o");
	for (i = 0; i < 5; i++) {
		(void)build(PROTO_UDP, 4 * i);
		want = memory_model(value, far, 100 + i);
		run(100 + i);
		CU_ASSERT_EQUAL(
			state_word((file.obj.data_bytes - 4) & ~15u), want);
	}
	close_vm();
}

/* The result is the only word in front of a known one. */
static uint32_t
algos_result(void)
{
	uint32_t at;

	for (at = 4; at < file.obj.data_bytes; at += 4)
		if (state_word(at) == 0x600df00d)
			return state_word(at - 4);
	CU_FAIL("no result");
	return 0;
}

static void
test_algorithms_compute_what_the_host_does(void)
{
	uint32_t seed;

	CU_ASSERT_FATAL(
		ash_file_open(&file, "build/corpus/ash/accepted/algos.c.o",
			stderr) == SP_OK);
	vm = ash_vm_open(&file, 1000000, stderr);
	CU_ASSERT_FATAL(vm != NULL);
	for (seed = 0; seed < 300; seed++) {
		run(seed);
		CU_ASSERT_EQUAL(algos_result(), algos(seed));
	}
	close_vm();
}

static void
test_the_frame_by_offsets(void)
{
	uint32_t at = 100, i;

	open_vm("build/corpus/ash/accepted/frame.c.o");
	(void)build(PROTO_UDP, 0);
	for (i = 60; i < 400; i++)
		frame[i] = (uint8_t)(i * 7);
	frame[0] = (uint8_t)at;
	run(400);
	CU_ASSERT_EQUAL(state_word(0), be16_get(before + 1));
	CU_ASSERT_EQUAL(state_word(4), be32_get(before + 3));
	CU_ASSERT_EQUAL(state_word(8), be16_get(before + at));
	CU_ASSERT_EQUAL(state_word(12), be32_get(before + at));
	CU_ASSERT_EQUAL(state_word(16), be32_get(before + (at & ~3u) + 2));
	CU_ASSERT_EQUAL(state_word(20), 0); /* a good IP header */
	be32_put(before + at + 1, 0x01020304);
	be16_put(before + at + 6, 0x0506);
	be32_put(before + 41, 0x11121314);
	be16_put(before + 47, 0x1516);
	before[at + 20] = 0x21;
	CU_ASSERT_EQUAL(memcmp(frame, before, 400), 0);
	close_vm();
}

static void
test_services_are_served(void)
{
	open_vm("build/corpus/ash/accepted/services.c.o");
	run(63);
	CU_ASSERT_EQUAL(res.verdict, ASH_DECLINE);
	CU_ASSERT(res.instructions > 40);
	CU_ASSERT(res.wakes <= 1);
	close_vm();
}

static void
test_an_endless_loop_is_cut_off(void)
{
	struct ash_report r;

	open_vm("build/corpus/ash/accepted/loop.c.o");
	CU_ASSERT_EQUAL(ash_vm_run(vm, frame, 60, ROOM, &res), SP_OK);
	CU_ASSERT_EQUAL(res.end, ASH_VM_ABORTED);
	CU_ASSERT_EQUAL(ash_host_check(file.path, stdout, &r), SP_OK);
	CU_ASSERT_EQUAL(r.bound, 0);
	CU_ASSERT(res.instructions <= ASH_VM_BUDGET + r.stretch);
	CU_ASSERT(res.instructions > ASH_VM_BUDGET / 2);
	CU_ASSERT_EQUAL(ash_vm_run(vm, frame, 60, ROOM, &res), SP_OK);
	CU_ASSERT_EQUAL(res.end, ASH_VM_ABORTED);
	close_vm();
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("handlers", NULL, NULL);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_udp_echo_answers);
	ADD(test_udp_echo_is_short);
	ADD(test_udp_echo_declines_what_is_cut_off);
	ADD(test_udp_echo_declines_what_is_not_sane);
	ADD(test_udp_echo_accepts_what_is_usual);
	ADD(test_icmp_echo_answers);
	ADD(test_icmp_echo_corrects_every_sum);
	ADD(test_icmp_echo_declines_the_rest);
	ADD(test_counter_counts_and_its_sums_are_right);
	ADD(test_counter_leaves_no_sum_alone);
	ADD(test_counter_declines_what_is_too_short);
	ADD(test_handlers_have_a_bound);
	ADD(test_calls_and_recursion_compute);
	ADD(test_pointers_and_arrays_compute);
	ADD(test_algorithms_compute_what_the_host_does);
	ADD(test_the_frame_by_offsets);
	ADD(test_services_are_served);
	ADD(test_an_endless_loop_is_cut_off);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
