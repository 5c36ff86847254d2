/*
 * cases.h - the filters and frames of the demux table.
 */
#ifndef TESTS_BENCH_CASES_H
#define TESTS_BENCH_CASES_H

#include "tests/unit/dpf_random.h"

#include <stdio.h>

/* Filter I of a kind, as what its frames are like and as an expression. */
struct kind {
	const char *name;
	struct flow (*flow)(uint32_t);
	void (*text)(uint32_t, char *, size_t);
};

static inline struct flow
port(uint32_t i)
{
	return (struct flow){ .proto = 17, .dport = (uint16_t)(5000 + i) };
}

static inline void
port_text(uint32_t i, char *text, size_t room)
{
	snprintf(text, room, "udp dst port %u", port(i).dport);
}

/* Ten connections of ten clients to one server. */
static inline struct flow
tuple(uint32_t i)
{
	return (struct flow){ .proto = 6,
		.src = 0x0a070102 + i,
		.dst = 0x0a070001,
		.sport = (uint16_t)(49152 + 97 * i),
		.dport = 80 };
}

static inline void
tuple_text(uint32_t i, char *text, size_t room)
{
	struct flow f = tuple(i);

	snprintf(text, room,
		"ip src host 10.7.1.%u and ip dst host 10.7.0.1 and "
		"tcp src port %u and tcp dst port %u",
		f.src & 0xff, f.sport, f.dport);
}

/* Four connections of each of many clients to one server. */
static inline struct flow
conn(uint32_t i)
{
	return (struct flow){ .proto = 6,
		.src = 0x0a070102 + i / 4,
		.dst = 0x0a070001,
		.sport = (uint16_t)(49152 + 97 * i),
		.dport = 80 };
}

static inline void
conn_text(uint32_t i, char *text, size_t room)
{
	struct flow f = conn(i);

	snprintf(text, room,
		"ip src host 10.7.%u.%u and ip dst host 10.7.0.1 and "
		"tcp src port %u and tcp dst port %u",
		f.src >> 8 & 0xff, f.src & 0xff, f.sport, f.dport);
}

/* Ranges of eight ports, with gaps. */
static inline struct flow
range(uint32_t i)
{
	return (struct flow){ .proto = 17, .dport = (uint16_t)(2000 + 16 * i) };
}

static inline void
range_text(uint32_t i, char *text, size_t room)
{
	uint32_t first = range(i).dport;

	snprintf(text, room, "udp dst portrange %u-%u", first, first + 7);
}

/* All different in what they look at. */
static inline struct flow
form(uint32_t i)
{
	return (struct flow){ .proto = 17, .sport = (uint16_t)i };
}

static inline void
form_text(uint32_t i, char *text, size_t room)
{
	snprintf(text, room, "ip and udp and ether[%u] = %u", 42 + i, 1 + i);
}

/* One of N ports that nobody owns, on either side of the N that are. */
static inline struct flow
missed_port(uint32_t i, uint32_t n)
{
	struct flow f = port(i % 2 ? n + 31 * i : 0);

	if (i % 2 == 0)
		f.dport = (uint16_t)(4 * i + 1);
	if (f.dport >= 5000 && f.dport < 5000 + n)
		f.dport = 0;
	return f;
}

static const struct kind ports = { "ports", port, port_text };
static const struct kind tuples = { "tcpip", tuple, tuple_text };
__attribute__((unused)) static const struct kind conns = { "conn", conn,
	conn_text };
__attribute__((unused)) static const struct kind ranges = { "ranges", range,
	range_text };
__attribute__((unused)) static const struct kind forms = { "forms", form,
	form_text };

#endif /* TESTS_BENCH_CASES_H */
