/*
 * test_follow.c - who gets the later fragments of a datagram: whoever took its
 * first one, each byte once, for some seconds, whatever others send.
 */
#include "kernel/core/follow.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS4 = 34, HEADERS6 = 62, UDP = 17, TCP = 6, MORE = 1, LAST = 0 };
enum { ME = 7, OTHER = 8, MINE = 3, THEIRS = 4 }; /* bindings; owners */

static struct sp_follow_info shown;
static uint8_t frame[1600];

static void
start(void)
{
	memset(&shown, 0, sizeof(shown));
	follow_init(0x12345678, &shown);
}

/* A fragment of datagram ID: BODY bytes from unit AT on.  Returns its length. */
static uint32_t
ip4(uint32_t id, uint32_t proto, uint32_t at, uint32_t body, uint32_t more)
{
	memset(frame, 0, sizeof(frame));
	frame[0] = 0x52;
	be16_put(frame + 12, 0x0800);
	frame[14] = 0x45;
	be16_put(frame + 16, (uint16_t)(20 + body));
	be16_put(frame + 18, (uint16_t)id);
	be16_put(frame + 20, (uint16_t)(more << 13 | at));
	frame[23] = (uint8_t)proto;
	be32_put(frame + 26, 0x0a070001);
	be32_put(frame + 30, 0x0a070002);
	return HEADERS4 + body;
}

static uint32_t
ip6(uint32_t id, uint32_t proto, uint32_t at, uint32_t body, uint32_t more)
{
	memset(frame, 0, sizeof(frame));
	be16_put(frame + 12, 0x86dd);
	frame[14] = 0x60;
	be16_put(frame + 18, (uint16_t)(8 + body));
	frame[20] = 44;
	frame[37] = 1;
	frame[53] = 2;
	frame[54] = (uint8_t)proto;
	be16_put(frame + 56, (uint16_t)(at << 3 | more));
	be32_put(frame + 58, id);
	return HEADERS6 + body;
}

typedef uint32_t (*make_t)(
	uint32_t id, uint32_t proto, uint32_t at, uint32_t body, uint32_t more);

/* --- what happens to a fragment -------------------------------------------------- */

static void
audit(void)
{
	uint32_t binding;

	for (uint32_t i = 0; i < FOLLOW_ENTRIES; i++) {
		CU_ASSERT(follow_check(i, &binding));
		CU_ASSERT(binding == 0 || binding == ME || binding == OTHER);
		CU_ASSERT(binding == 0 ||
			  i / FOLLOW_SHARE == (binding == ME ? MINE : THEIRS));
	}
}

static void
first_to(uint32_t binding, uint32_t len, uint32_t now)
{
	struct follow_piece p;

	CU_ASSERT_FATAL(follow_parse(frame, len, &p) == FOLLOW_FIRST);
	follow_first(&p, binding, binding == OTHER ? THEIRS : MINE, now);
	audit();
}

static uint32_t
later(uint32_t len, uint32_t now)
{
	struct follow_piece p;
	uint32_t binding;

	CU_ASSERT_FATAL(follow_parse(frame, len, &p) == FOLLOW_LATER);
	binding = follow_later(&p, now);
	audit();
	return binding;
}

static uint32_t
udp_later(uint32_t id, uint32_t at, uint32_t body, uint32_t more)
{
	return later(ip4(id, UDP, at, body, more), 0);
}

static void
udp_first(uint32_t id, uint32_t body)
{
	first_to(ME, ip4(id, UDP, 0, body, MORE), 0);
}

/* --- the plain cases ------------------------------------------------------------ */

static void
follows_a_datagram(make_t make)
{
	start();
	first_to(ME, make(1, UDP, 0, 1480, MORE), 0);
	CU_ASSERT(later(make(1, UDP, 185, 1480, MORE), 0) == ME);
	CU_ASSERT(later(make(1, UDP, 370, 33, LAST), 0) == ME);
	CU_ASSERT(shown.datagrams == 1 && shown.fragments == 2);
	CU_ASSERT(shown.complete == 1 && shown.refused == 0);
	CU_ASSERT(!follow_waits(0));
	/* That was all of it. */
	CU_ASSERT(later(make(1, UDP, 185, 1480, MORE), 0) == 0);
}

static void
test_later_fragments_go_where_the_first_one_went(void)
{
	follows_a_datagram(ip4);
	follows_a_datagram(ip6);
}

static void
test_what_nobody_follows_is_not_remembered(void)
{
	start();
	first_to(0, ip4(1, UDP, 0, 1480, MORE), 0);
	CU_ASSERT(udp_later(1, 185, 8, LAST) == 0);
	CU_ASSERT(shown.datagrams == 0 && !follow_waits(0));
}

static void
test_each_part_of_the_name_counts(void)
{
	static const uint8_t at4[] = { 18, 19, 26, 27, 28, 29, 30, 31, 32, 33 };

	start();
	udp_first(1, 1480);
	for (size_t i = 0; i < ARRAY_LEN(at4); i++) {
		uint32_t len = ip4(1, UDP, 185, 8, LAST);

		frame[at4[i]] ^= 4;
		CU_ASSERT(later(len, 0) == 0);
	}
	CU_ASSERT(later(ip4(1, TCP, 185, 8, LAST), 0) == 0);
	CU_ASSERT(later(ip6(1, UDP, 185, 8, LAST), 0) == 0);
	CU_ASSERT(udp_later(1, 185, 8, LAST) == ME);
	start();
	first_to(ME, ip6(1, UDP, 0, 1232, MORE), 0);
	for (uint32_t at = 22; at < 62; at++) {
		uint32_t len = ip6(1, UDP, 154, 8, LAST);

		if (at >= 55 && at < 58)
			continue; /* reserved; the offset */
		frame[at] ^= 4;
		CU_ASSERT(later(len, 0) == 0);
	}
	CU_ASSERT(later(ip6(1, UDP, 154, 8, LAST), 0) == ME);
}

static void
test_whole_datagrams_are_no_fragments(void)
{
	struct follow_piece p;

	CU_ASSERT(follow_parse(frame, ip4(1, UDP, 0, 64, LAST), &p) ==
		  FOLLOW_NOT);
	CU_ASSERT(!follow_is_fragment(frame));
	frame[20] = 0x40; /* do not fragment */
	CU_ASSERT(!follow_is_fragment(frame));
	/* RFC 6946: alone, whatever others of its name are. */
	CU_ASSERT(follow_parse(frame, ip6(1, UDP, 0, 64, LAST), &p) ==
		  FOLLOW_NOT);
	(void)ip4(1, UDP, 0, 64, MORE);
	CU_ASSERT(follow_is_fragment(frame));
	(void)ip4(1, UDP, 9, 64, LAST);
	CU_ASSERT(follow_is_fragment(frame));
	frame[0] |= 1; /* to a group */
	CU_ASSERT(!follow_is_fragment(frame));
	(void)ip6(1, UDP, 9, 64, LAST);
	CU_ASSERT(follow_is_fragment(frame));
	frame[0] |= 1;
	CU_ASSERT(!follow_is_fragment(frame));
}

static void
test_the_end_may_come_before_the_middle(void)
{
	start();
	udp_first(1, 80);
	CU_ASSERT(udp_later(1, 30, 10, LAST) == ME);
	CU_ASSERT(udp_later(1, 20, 80, MORE) == ME);
	CU_ASSERT(shown.complete == 0);
	CU_ASSERT(udp_later(1, 10, 80, MORE) == ME);
	CU_ASSERT(shown.complete == 1);
}

static void
test_what_comes_before_the_first_is_the_classifiers(void)
{
	start();
	CU_ASSERT(udp_later(1, 10, 80, MORE) == 0);
	udp_first(1, 80);
	CU_ASSERT(udp_later(1, 20, 80, LAST) == ME);
	CU_ASSERT(shown.complete == 0 && follow_waits(0));
	CU_ASSERT(udp_later(1, 10, 80, MORE) == ME);
}

static void
test_64_kib_in_any_order(void)
{
	uint16_t order[45];
	uint32_t random = 1;

	for (uint32_t round = 0; round < 50; round++) {
		start();
		for (uint16_t i = 0; i < 45; i++)
			order[i] = i;
		for (uint32_t i = 44; i > 1; i--) {
			random = random * 1103515245 + 12345;

			uint32_t j = 1 + (random >> 16) % i;
			uint16_t was = order[i];

			order[i] = order[j];
			order[j] = was;
		}
		udp_first(round, 1480);
		for (uint32_t i = 1; i < 45; i++)
			CU_ASSERT(udp_later(round, order[i] * 185u,
					  order[i] == 44 ? 395 : 1480,
					  order[i] != 44) == ME);
		CU_ASSERT(shown.complete == 1 && shown.fragments == 44);
	}
}

/* --- attacks ------------------------------------------------------------------------ */

static void
test_nobody_is_given_a_byte_twice(void)
{
	start();
	udp_first(1, 80);
	CU_ASSERT(udp_later(1, 10, 80, MORE) == ME);
	CU_ASSERT(udp_later(1, 10, 80, MORE) == 0);
	CU_ASSERT(shown.refused == 1);
	/* The network may double what it carries: the rest is still followed. */
	CU_ASSERT(udp_later(1, 20, 80, LAST) == ME);
	CU_ASSERT(shown.complete == 1);
}

static void
contradiction(uint32_t at, uint32_t body, uint32_t more)
{
	start();
	udp_first(1, 80);
	CU_ASSERT(udp_later(1, 20, 80, MORE) == ME);
	CU_ASSERT(udp_later(1, 40, 80, LAST) == ME);
	CU_ASSERT(udp_later(1, at, body, more) == 0);
	CU_ASSERT(shown.refused == 1);
	CU_ASSERT(udp_later(1, 10, 80, MORE) == 0);
	CU_ASSERT(udp_later(1, 30, 80, MORE) == 0);
	/* A first fragment does not wash it clean. */
	udp_first(1, 80);
	CU_ASSERT(udp_later(1, 30, 80, MORE) == 0);
	CU_ASSERT(shown.datagrams == 1 && shown.complete == 0);
}

static void
test_overlaps_end_the_following(void)
{
	contradiction(9, 80, MORE);  /* over the first one's end */
	contradiction(1, 8, MORE);   /* inside the first one: RFC 1858 */
	contradiction(19, 16, MORE); /* over the start of another */
	contradiction(22, 8, MORE);
	contradiction(15, 400, MORE);
	contradiction(50, 8, MORE); /* behind the end */
	contradiction(50, 8, LAST);
	contradiction(10, 8, LAST); /* an end before what has come */
}

static void
test_an_end_before_what_has_come_is_a_contradiction(void)
{
	start();
	udp_first(1, 80);
	CU_ASSERT(udp_later(1, 40, 80, MORE) == ME);
	CU_ASSERT(udp_later(1, 20, 80, LAST) == 0);
	CU_ASSERT(udp_later(1, 50, 80, LAST) == 0);
}

static void
test_first_fragments_that_hide_the_ports_are_not_followed(void)
{
	start();
	first_to(ME, ip4(1, TCP, 0, 8, MORE), 0);
	first_to(ME, ip4(2, TCP, 0, 16, MORE), 0);
	first_to(ME, ip6(3, 60, 0, 800, MORE), 0);
	CU_ASSERT(shown.datagrams == 0 && shown.refused == 3);
	CU_ASSERT(later(ip4(2, TCP, 1, 16, LAST), 0) == 0);
	first_to(ME, ip4(4, TCP, 0, 24, MORE), 0);
	first_to(ME, ip4(5, UDP, 0, 8, MORE), 0);
	CU_ASSERT(shown.datagrams == 2);
}

static void
test_a_first_fragment_for_somebody_else_ends_it(void)
{
	start();
	udp_first(1, 80);
	udp_first(1, 80); /* doubled by the network */
	CU_ASSERT(shown.refused == 0 && shown.datagrams == 1);
	first_to(OTHER, ip4(1, UDP, 0, 80, MORE), 0);
	CU_ASSERT(shown.refused == 1);
	CU_ASSERT(udp_later(1, 10, 80, MORE) == 0);
	udp_first(2, 80);
	first_to(0, ip4(2, UDP, 0, 80, MORE), 0); /* nobody's */
	CU_ASSERT(udp_later(2, 10, 80, MORE) == 0);
	udp_first(3, 80);
	udp_first(3, 88); /* longer: which one is it? */
	CU_ASSERT(udp_later(3, 11, 80, MORE) == 0);
}

static void
test_a_flood_costs_only_its_own_receiver(void)
{
	start();
	first_to(OTHER, ip4(5000, UDP, 0, 80, MORE), 0);
	for (uint32_t i = 0; i < 1000; i++)
		udp_first(i, 80);
	CU_ASSERT(shown.datagrams == FOLLOW_SHARE + 1);
	CU_ASSERT(shown.full == 1000 - FOLLOW_SHARE);
	/* Who was there stays, who comes later is not followed. */
	for (uint32_t i = 0; i < FOLLOW_SHARE; i++)
		CU_ASSERT(udp_later(i, 10, 80, MORE) == ME);
	CU_ASSERT(udp_later(FOLLOW_SHARE, 10, 80, MORE) == 0);
	CU_ASSERT(udp_later(5000, 10, 80, MORE) == OTHER);
	first_to(OTHER, ip4(5001, UDP, 0, 80, MORE), 0);
	CU_ASSERT(udp_later(5001, 10, 80, MORE) == OTHER);
	/* Then the time of the flood is over. */
	first_to(ME, ip4(6000, UDP, 0, 80, MORE), FOLLOW_TICKS);
	CU_ASSERT(later(ip4(6000, UDP, 10, 80, MORE), FOLLOW_TICKS) == ME);
}

static void
test_a_datagram_has_so_many_fragments(void)
{
	start();
	udp_first(1, 8);
	for (uint32_t i = 1; i < FOLLOW_PIECES; i++)
		CU_ASSERT(udp_later(1, i, 8, MORE) == ME);
	CU_ASSERT(udp_later(1, FOLLOW_PIECES, 8, MORE) == 0);
	CU_ASSERT(udp_later(1, FOLLOW_PIECES + 1, 8, MORE) == 0);
	CU_ASSERT(shown.refused == 2);
}

static void
test_time_runs_out(void)
{
	const uint32_t then = UINT32_MAX - 5; /* the clock wraps meanwhile */

	start();
	CU_ASSERT(!follow_waits(then));
	first_to(ME, ip4(1, UDP, 0, 80, MORE), then);
	CU_ASSERT(follow_waits(then));
	CU_ASSERT(later(ip4(1, UDP, 10, 80, MORE), then + FOLLOW_TICKS - 1) ==
		  ME);
	CU_ASSERT(follow_waits(then + FOLLOW_TICKS - 1));
	CU_ASSERT(!follow_waits(then + FOLLOW_TICKS));
	CU_ASSERT(later(ip4(1, UDP, 20, 80, MORE), then + FOLLOW_TICKS) == 0);
	/* The id is used again: another datagram. */
	first_to(OTHER, ip4(1, UDP, 0, 88, MORE), then + FOLLOW_TICKS);
	CU_ASSERT(
		later(ip4(1, UDP, 11, 80, MORE), then + FOLLOW_TICKS) == OTHER);
}

static void
test_who_ends_follows_nothing(void)
{
	start();
	for (uint32_t i = 0; i < FOLLOW_SHARE; i++)
		udp_first(i, 80);
	first_to(OTHER, ip4(99, UDP, 0, 80, MORE), 0);
	follow_forget(ME, MINE);
	audit();
	for (uint32_t i = 0; i < FOLLOW_SHARE; i++)
		CU_ASSERT(udp_later(i, 10, 80, MORE) == 0);
	CU_ASSERT(udp_later(99, 10, 80, MORE) == OTHER);
	for (uint32_t i = 0; i < FOLLOW_SHARE; i++)
		udp_first(100 + i, 80);
	CU_ASSERT(shown.full == 0);
}

/* --- bytes ------------------------------------------------------------------------ */

static void
test_impossible_fragments_are_none(void)
{
	struct follow_piece p;
	uint32_t len;

	CU_ASSERT(follow_parse(frame, ip4(1, UDP, 10, 81, MORE), &p) ==
		  FOLLOW_NOT); /* no multiple of 8, and more to come */
	CU_ASSERT(
		follow_parse(frame, ip4(1, UDP, 0, 0, MORE), &p) == FOLLOW_NOT);
	CU_ASSERT(follow_parse(frame, ip4(1, UDP, 8190, 0, LAST), &p) ==
		  FOLLOW_NOT);
	CU_ASSERT(follow_parse(frame, ip4(1, UDP, 8189, 3, LAST), &p) ==
		  FOLLOW_LATER);
	CU_ASSERT(follow_parse(frame, ip4(1, UDP, 8189, 4, LAST), &p) ==
		  FOLLOW_NOT); /* beyond 65535: the ping of death */
	CU_ASSERT(follow_parse(frame, ip4(1, UDP, 8191, 1480, LAST), &p) ==
		  FOLLOW_NOT);
	len = ip4(1, UDP, 10, 80, LAST);
	CU_ASSERT(follow_parse(frame, len - 1, &p) == FOLLOW_NOT);
	CU_ASSERT(follow_parse(frame, len + 9, &p) == FOLLOW_LATER);
	frame[14] = 0x44;
	CU_ASSERT(follow_parse(frame, len, &p) == FOLLOW_NOT);
	frame[14] = 0x4f; /* a header of 60 bytes */
	CU_ASSERT(follow_parse(frame, len, &p) == FOLLOW_LATER && p.to == 15);
	frame[14] = 0x55;
	CU_ASSERT(follow_parse(frame, len, &p) == FOLLOW_NOT);
	len = ip6(1, UDP, 10, 80, LAST);
	CU_ASSERT(follow_parse(frame, len - 1, &p) == FOLLOW_NOT);
	be16_put(frame + 18, 7);
	CU_ASSERT(follow_parse(frame, len, &p) == FOLLOW_NOT);
}

/* On exactly so many bytes, so that a stray read is seen. */
static void
every_length(make_t make)
{
	uint32_t whole = make(1, UDP, 0, 40, MORE);

	for (uint32_t len = 14; len <= whole; len++) {
		uint8_t *cut = malloc(len);
		struct follow_piece p;

		CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
		memcpy(cut, frame, len);
		CU_ASSERT(follow_parse(cut, len, &p) ==
			  (len == whole ? FOLLOW_FIRST : FOLLOW_NOT));
		free(cut);
	}
}

static void
test_every_length_is_safe(void)
{
	every_length(ip4);
	every_length(ip6);
}

/* Random fragments of few datagrams: what is followed is disjoint, and from the
 * first one's receiver. */
static void
test_random_fragments_keep_the_promises(void)
{
	static uint8_t got[4][64];
	uint32_t random = 99, owner[4] = { 0 };

	start();
	for (uint32_t i = 0; i < 50000; i++) {
		random = random * 1664525 + 1013904223;

		uint32_t id = random >> 30, at = random >> 20 & 15;
		uint32_t units = 1 + (random >> 16 & 3);
		uint32_t now = i * 20, more = random >> 25 & 1;
		uint32_t before = shown.datagrams, b;
		uint32_t who = random >> 12 & 15;

		if (at == 0) {
			who = who == 0 ? OTHER : ME;
			first_to(who, ip4(id, UDP, 0, units * 8, MORE), now);
			if (shown.datagrams == before)
				continue;
			owner[id] = who;
			memset(got[id], 0, sizeof(got[id]));
			memset(got[id], 1, units);
			continue;
		}
		b = later(ip4(id, UDP, at, units * 8, more), now);
		if (b == 0)
			continue;
		CU_ASSERT(b == owner[id]);
		for (uint32_t u = at; u < at + units; u++)
			CU_ASSERT(got[id][u]++ == 0);
	}
	CU_ASSERT(shown.complete > 30 && shown.refused > 1000);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("follow", NULL, NULL);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_later_fragments_go_where_the_first_one_went);
	ADD(test_what_nobody_follows_is_not_remembered);
	ADD(test_each_part_of_the_name_counts);
	ADD(test_whole_datagrams_are_no_fragments);
	ADD(test_the_end_may_come_before_the_middle);
	ADD(test_what_comes_before_the_first_is_the_classifiers);
	ADD(test_64_kib_in_any_order);
	ADD(test_nobody_is_given_a_byte_twice);
	ADD(test_overlaps_end_the_following);
	ADD(test_an_end_before_what_has_come_is_a_contradiction);
	ADD(test_first_fragments_that_hide_the_ports_are_not_followed);
	ADD(test_a_first_fragment_for_somebody_else_ends_it);
	ADD(test_a_flood_costs_only_its_own_receiver);
	ADD(test_a_datagram_has_so_many_fragments);
	ADD(test_time_runs_out);
	ADD(test_who_ends_follows_nothing);
	ADD(test_impossible_fragments_are_none);
	ADD(test_every_length_is_safe);
	ADD(test_random_fragments_keep_the_promises);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
